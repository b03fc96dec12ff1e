/*!
DeepStep explorer, BSD-3-Clause. It contains:

preact. The MIT License (MIT)

Copyright (c) 2015-present Jason Miller

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.

htm. Copyright 2018 Google Inc. Licensed under the Apache License, Version 2.0; its text is in the file NOTICE
of DeepStep.
*/
(()=>{var E,eo,Ar,ut,ze,we,no,ye,oo,Ve,Ge,Cr,Vt=Symbol.for("pv"),ve={},ke=[],Or=/^m(i|n|o|s|text|space)$/,Ke=Array.isArray,Qe=ke.slice,vt=Object.assign;function wt(t){t&&t.parentNode&&t.remove()}function so(t,e,n){var o,s,r,a={},i=arguments.length;for(r in e)r=="key"?o=e[r]:r=="ref"&&typeof t!="function"?s=e[r]:a[r]=e[r];return i>2&&(a.children=i>3?Qe.call(arguments,2):n),Gt(t,a,o,s,null)}function Gt(t,e,n,o,s){var r={type:t,props:e,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Vt,__v:s||++eo,__i:-1,__u:0};return!s&&E.vnode&&E.vnode(r),r}function Kt(t){return t.children}function ge(t,e){this.props=t,this.context=e,this.__g=0}function dt(t,e){if(e==null)return t.__&&dt(t.__,t.__i+1);for(var n;e<t.__k.length;e++)if((n=t.__k[e])&&n.__e)return n.__e;return typeof t.type!="function"||t.props.__P?null:dt(t)}function Er(t){var e,n=t.__v,o=n.__e,s=[],r=[],a=t.__P;a&&((e=vt({constructor:Vt},n)).__v=n.__v+1,E.vnode&&E.vnode(e),tn(a,e,n,t.__n,a.namespaceURI,32&n.__u?[o]:null,s,o||dt(n),32&n.__u,r),e.__v=n.__v,e.__.__k[e.__i]=e,po(s,e,r),n.__=n.__e=null,e.__e!=o&&ro(e))}function ro(t){if((t=t.__)&&t.__c&&!t.props.__P)return t.__e=null,t.__k.some(function(e){return e&&(t.__e=e.__e)}),ro(t)}function Qn(t){(8&t.__g||(t.__g|=8,ut.push(t),we++))&&ze==E.debounceRendering||((ze=E.debounceRendering)||queueMicrotask)(ao)}function ao(){try{for(var t,e=1;ut.length;)ut.length>e&&ut.sort(no),t=ut.shift(),e=ut.length,8&t.__g&&Er(t)}finally{(we=ut.length)&&(ze||queueMicrotask)(ao)}}function io(t,e,n,o,s,r,a,i,c,p,l){var d,h,m,b,g,y,_=o.__k||ke,w=e.length;for(c=Nr(n,e,_,c,w),d=0;d<w;d++)(m=n.__k[d])!=null&&(h=~m.__i&&_[m.__i]||ve,m.__i=d,y=tn(t,m,h,s,r,a,i,c,p,l),b=m.__e,(h.ref!=m.ref||8&h.__u)&&(h.ref&&en(h.ref,null,m,h),m.ref&&l.push(m.ref,m.__c||b,m)),g=g||b,4&m.__u?(c=lo(m,c,t,!h.__v),h.__e&&(h.__e=null)):typeof m.type=="function"&&y!==void 0?c=y:b&&(c=b.nextSibling),m.__u&=-21);return n.__e=g,c}function Nr(t,e,n,o,s){var r,a,i,c,p,l,d,h,m,b=n.length,g=b,y=0,_=0,w=t.__k=Array(s);for(r=0;r<s;r++)(a=e[r])!=null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=w[r]=Gt(null,a):Ke(a)?a=w[r]=Gt(Kt,{children:a}):a.constructor===Vt&&a.__b?a=w[r]=Gt(a.type,a.props,a.key,a.ref,a.__v):w[r]=a,c=r+y,a.__=t,a.__b=t.__b+1,i=null,~(p=a.__i=Pr(a,n,c,g))&&(g--,(i=n[p])&&(i.__u|=2)),i&&i.__v?(a.__u|=16,p==c-1?y--:p==c+1?y++:p!=c&&(p>c?y--:y++,_=1)):(~p||(s>b?y--:s<b&&y++),typeof a.type!="function"&&(a.__u|=4))):w[r]=null;if(_){for(l=[],d=[],r=0;r<s;r++)if((a=w[r])&&16&a.__u){for(y=0,h=l.length;y<h;)l[m=y+h>>1]<a.__i?y=m+1:h=m;l[y]=a.__i,d[r]=y+1}for(y=l.length;r--;)d[r]&&(d[r]==y?y--:w[r].__u|=4)}if(g)for(r=0;r<b;r++)!(i=n[r])||2&i.__u||(i.__e==o&&(o=dt(i)),nn(i,i));return o}function lo(t,e,n,o){var s,r,a,i;if(typeof t.type=="function"){if(t.props.__P)return e;if(s=t.__k)for(r=0;r<s.length;r++)s[r]&&(s[r].__=t,e=lo(s[r],e,n,!1));return e}for(e&&!e.parentNode&&(e=dt(t))&&!e.parentNode&&(e=null),a=t.__e,i=e;i&&i.nodeType==8;)i=i.nextSibling;for(a!=i&&(!o&&n.moveBefore&&a.parentNode?n.moveBefore(a,e):n.insertBefore(a,e||null)),e=a;(e=e&&e.nextSibling)&&e.nodeType==8&&!e.data.startsWith("$s"););return e}function Pr(t,e,n,o){var s,r=t.key,a=t.type,i=e[n],c=i&&!(2&i.__u);if(i===null&&r==null||c&&r==i.key&&a==i.type)return n;if(o>(c?1:0)){for(s=n-1;s>=0;s--)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s;for(s=n+1;s<e.length;s++)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s}return-1}function to(t,e,n){n==null&&(n=""),e[0]=="-"?t.setProperty(e,n):t[e]=n}function be(t,e,n,o,s){var r,a;if(e=="style")if(typeof n=="string")t.style.cssText=n;else{if(typeof o=="string"&&(t.style.cssText=o=""),o)for(e in o)n&&e in n||to(t.style,e);if(n)for(e in n)o&&n[e]==o[e]||to(t.style,e,n[e])}else if(e[0]=="o"&&e[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(t.__e||(t.__e={}))[e]=n,n&&o||(a=Ge[e]||(Ge[e]=Ir(e)),(t.__a||(t.__a={}))[e]=Ve,r=e!=(e=e.replace(oo,"$1")),(e=e.slice(2))[0]<"a"&&(e=e.toLowerCase()),n?t.addEventListener(e,a,r):t.removeEventListener(e,a,r));else{if(s=="http://www.w3.org/2000/svg")e=e.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(e!="width"&&e!="height"&&e!="href"&&e!="list"&&e!="form"&&e!="tabIndex"&&e!="download"&&e!="rowSpan"&&e!="colSpan"&&e!="role"&&e!="popover"&&e in t)try{return void(t[e]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&e[4]!="-"?t.removeAttribute(e):t.setAttribute(e,e=="popover"&&n==1?"":n)}}function Ir(t){return function(e){var n=this.__e;if(n){if(n=n[t],e[ye]==null)e[ye]=Ve++;else if(e[ye]<this.__a[t])return;return n(E.event?E.event(e):e)}}}function tn(t,e,n,o,s,r,a,i,c,p){var l,d,h,m,b,g,y,_,w,S,A,U,X,Y,B,Jt,ot,it,G=e.type;if(e.constructor!==Vt)return null;128&n.__u&&(c=32&n.__u,l=n.__c.__z)&&(e.__u|=c,d=r=[],l.nodeType==8?i=_e(l,r):r.push(l),i=r[0]||i),(l=E.__b)&&l(e);t:if(typeof G=="function"){h=a.length;try{if(_=e.props,w=(l=G.prototype)&&l.render,S=(l=G.contextType)&&o[l.__c],A=l?S?S.props.value:l.__:o,(m=n.__c)?(e.__c=m,2&m.__g&&(m.__g|=1)):(w?e.__c=m=new G(_,A):(e.__c=m=new ge(_,A),m.constructor=G,m.render=qr),S&&S.sub(m),m.state||(m.state={}),m.__n=o,m.__g|=8,m.__h=[],m.__k=[]),w&&(m.__s||(m.__s=m.state),G.getDerivedStateFromProps&&(m.__s==m.state&&(m.__s=vt({},m.__s)),vt(m.__s,G.getDerivedStateFromProps(_,m.__s)))),b=m.props,g=m.state,m.__v=e,n.__c){if(_!==b&&w&&!G.getDerivedStateFromProps&&m.componentWillReceiveProps&&m.componentWillReceiveProps(_,A),e.__v==n.__v&&!(8&m.__g)||!(4&m.__g)&&m.shouldComponentUpdate&&m.shouldComponentUpdate(_,m.__s,A)===!1){e.__v!=n.__v&&(m.props=_,m.state=m.__s,m.__g&=-9),e.__e=n.__e,e.__k=n.__k,e.__k.some(function(Z){Z&&(Z.__=e)}),ke.push.apply(m.__h,m.__k),m.__k=[],m.__h.length&&a.push(m),i=dt(n);break t}m.componentWillUpdate&&m.componentWillUpdate(_,m.__s,A),w&&m.componentDidUpdate&&m.__h.push(function(){m.componentDidUpdate(b,g,y)})}else w&&!G.getDerivedStateFromProps&&m.componentWillMount&&m.componentWillMount(),w&&m.componentDidMount&&m.__h.push(m.componentDidMount);m.context=A,m.props=_,m.__P=t,m.__g&=-5,U=E.__r,X=w?25:0;do m.__g&=-9,U&&U(e),l=m.render(m.props,m.state=m.__s,m.context);while(8&m.__g&&++X<25);w&&(ke.push.apply(m.__h,m.__k),m.__k=[]),m.state=m.__s,m.getChildContext&&(o=vt({},o,m.getChildContext())),w&&n.__c&&m.getSnapshotBeforeUpdate&&(y=m.getSnapshotBeforeUpdate(b,g)),Y=l&&l.type===Kt&&l.key==null?l.props.children:l,_.__P&&(l=i,s=(t=_.__P).namespaceURI,c=r=null,n.props&&n.props.__P!=t&&(n.__k.some(function(Z){Z&&nn(Z,Z)}),n.__k=null),i=n.__k?dt(n,0):null),i=io(t,Ke(Y)?Y:[Y],e,n,o,s,r,a,i,c,p),_.__P&&(e.__e=null,i=l),e.__u&=-161,d&&d.some(wt),m.__h.length&&a.push(m),1&m.__g&&(m.__g&=-4)}catch(Z){if(a.length=h,e.__v=null,c||r)if(Z&&Z.then){if(e.__u|=128|c,r){for(~(ot=r.indexOf(i||void 0))||(ot=r.length);(it=r[ot-1])&&it.nodeType==8;)ot--;for(;ot<r.length;ot++)if(it=r[ot])if(r[ot]=null,B){if(it==Jt)break}else{if(it.nodeType!=8)break;it.data.startsWith("$s")&&(Jt=_e(B=it))}}if(!B){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;B=i}(l=_e(B=e.__c.__z||(e.__c.__z=B)))?(e.__e=B,i=l):e.__e=i,i=i&&i.nextSibling}else r&&r.some(wt);else e.__e=n.__e;e.__k||(e.__k=n.__k||[]),Z&&Z.then||co(e),E.__e(Z,e,n)}}else i=e.__e=Lr(n.__e,e,n,o,s,r,a,c,p,t);return(l=E.diffed)&&l(e),i}function _e(t,e){if(t&&t.nodeType==8&&t.data.startsWith("$s"))for(var n=1;t=t.nextSibling;){if(t.nodeType==8){if(t.data.startsWith("$s"))n++;else if(t.data.startsWith("/$s")&&!--n)return t}e&&e.push(t)}}function co(t){t&&(t.__c&&(t.__c.__g|=4),t.__k&&t.__k.some(co))}function po(t,e,n){for(var o=0;o<n.length;)en(n[o++],n[o++],n[o++]);E.__c&&E.__c(e,t),t.some(function(s){try{t=s.__h,s.__h=[],t.some(function(r){r.call(s)})}catch(r){E.__e(r,s.__v)}})}function Lr(t,e,n,o,s,r,a,i,c,p){var l,d,h,m,b,g,y,_,w=n.props||ve,S=e.props,A=e.type;if(A=="svg"?s="http://www.w3.org/2000/svg":A=="math"?s="http://www.w3.org/1998/Math/MathML":s||(s="http://www.w3.org/1999/xhtml"),r){for(l=0;l<r.length;l++)if((b=r[l])&&(A?b.localName==A:b.nodeType==3)){t=b,r[l]=null;break}}if(!t){if(_=p.ownerDocument||document,!A)return _.createTextNode(S);t=_.createElementNS(s,A,S.is?S:p),i&&(E.__m&&E.__m(e,r),i=!1),r=null}if(A){if(p=A=="template"&&t.content||t,r=A=="textarea"&&S.defaultValue!=null?null:r&&Qe.call(p.childNodes),!i&&r)for(w={},l=0;l<t.attributes.length;l++)w[(b=t.attributes[l]).name]=b.value;for(l in w)b=w[l],l=="dangerouslySetInnerHTML"?h=b:l=="children"||l in S||l=="value"&&"defaultValue"in S||l=="checked"&&"defaultChecked"in S||be(t,l,null,b,s);for(l in S)b=S[l],l=="children"?m=b:l=="dangerouslySetInnerHTML"?d=b:l=="value"?g=b:l=="checked"?y=b:i&&typeof b!="function"||w[l]===b||be(t,l,b,w[l],s);d?(i||h&&(d.__html==h.__html||d.__html==t.innerHTML)||(t.innerHTML=d.__html),e.__k=[]):(h&&(t.textContent=""),(A=="foreignObject"||s=="http://www.w3.org/1998/Math/MathML"&&Or.test(A))&&(s="http://www.w3.org/1999/xhtml"),io(p,Ke(m)?m:[m],e,n,o,s,r,a,r?r[0]:n.__k&&dt(n,0),i,c),r&&r.some(wt)),i&&A!="textarea"||(l="value",A=="progress"&&g==null?t.removeAttribute(l):g==null||g===t[l]&&(A!="progress"||g)||be(t,l,g,w[l],s),l="checked",y!=null&&y!=t[l]&&be(t,l,y,w[l],s))}else w===S||i&&t.data==S||(t.data=S);return t}function en(t,e,n,o){try{typeof t=="function"?e?e.__x=t(e)||1:o&&(o=o.__c||o.__e)&&(e=o.__x)&&(o.__x=null,typeof e=="function"?e():t(null)):t.current=e}catch(s){E.__e(s,n)}}function nn(t,e,n){var o,s,r,a;if(E.unmount&&E.unmount(t),!(o=t.ref)||o.current&&o.current!=t.__e||en(o,null,e,t),o=t.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(i){E.__e(i,e)}o.__P=o.__n=null}if(o=t.__k)for(a=0;a<o.length;a++)o[a]&&nn(o[a],e,typeof t.type!="function"||n&&!t.props.__P);!n&&(o=t.__c)&&(o=o.__z)&&(s=_e(o,r=[]))&&(o==t.__e&&r.some(wt),wt(s),wt(o)),n||wt(t.__e),t.__e=t.__c=t.__=null}function qr(t,e,n){return this.constructor(t,n)}function on(t,e){var n,o,s,r;E.__&&E.__(t,e),e.nodeType==9&&(e=e.documentElement),o=(n=t&&32&t.__u)?null:e.__k,e.__k=Gt(Kt,{children:[t]}),s=[],r=[],tn(e,e.__k,o||ve,ve,e.namespaceURI,o?null:e.firstChild?Qe.call(e.childNodes):null,s,o?o.__e:e.firstChild,n,r),po(s,e.__k,r),e.__k.props.children=null}E={__e:function(t,e,n,o){for(var s,r,a;e=e.__;)if((s=e.__c)&&!(1&s.__g)){s.__g|=4;try{if((a=(r=s.constructor)&&r.getDerivedStateFromError)&&s.setState(r.getDerivedStateFromError(t)),s.componentDidCatch&&(s.componentDidCatch(t,o||{}),a=1),a&&8&s.__g)return void(s.__g|=2)}catch(i){t=i}}throw we=0,t}},eo=0,Ar=function(t){return t!=null&&t.constructor===Vt},ge.prototype.setState=function(t,e){var n=this.__s;n&&n!=this.state||(n=this.__s=vt({},this.state)),typeof t=="function"&&(t=t(vt({},n),this.props)),t&&(vt(n,t),this.__v&&(e&&this.__k.push(e),Qn(this)))},ge.prototype.forceUpdate=function(t){this.__v&&(this.__g|=4,t&&this.__h.push(t),Qn(this))},ge.prototype.render=Kt,ut=[],we=0,no=function(t,e){return t.__v.__b-e.__v.__b},ye=Symbol(),oo=/(PointerCapture)$|Capture$/i,Ve=0,Ge={},Cr=0;var mo=function(t,e,n,o){var s;e[0]=0;for(var r=1;r<e.length;r++){var a=e[r++],i=e[r]?(e[0]|=a?1:2,n[e[r++]]):e[++r];a===3?o[0]=i:a===4?o[1]=Object.assign(o[1]||{},i):a===5?(o[1]=o[1]||{})[e[++r]]=i:a===6?o[1][e[++r]]+=i+"":a?(s=t.apply(i,mo(t,i,n,["",null])),o.push(s),i[0]?e[0]|=2:(e[r-2]=0,e[r]=s)):o.push(i)}return o},uo=new Map;function fo(t){var e=uo.get(this);return e||(e=new Map,uo.set(this,e)),(e=mo(this,e.get(t)||(e.set(t,e=(function(n){for(var o,s,r=1,a="",i="",c=[0],p=function(h){r===1&&(h||(a=a.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?c.push(0,h,a):r===3&&(h||a)?(c.push(3,h,a),r=2):r===2&&a==="..."&&h?c.push(4,h,0):r===2&&a&&!h?c.push(5,0,!0,a):r>=5&&((a||!h&&r===5)&&(c.push(r,0,a,s),r=6),h&&(c.push(r,h,0,s),r=6)),a=""},l=0;l<n.length;l++){l&&(r===1&&p(),p(l));for(var d=0;d<n[l].length;d++)o=n[l][d],r===1?o==="<"?(p(),c=[c],r=3):a+=o:r===4?a==="--"&&o===">"?(r=1,a=""):a=o+a[0]:i?o===i?i="":a+=o:o==='"'||o==="'"?i=o:o===">"?(p(),r=1):r&&(o==="="?(r=5,s=a,a=""):o==="/"&&(r<5||n[l][d+1]===">")?(p(),r===3&&(c=c[0]),r=c,(c=c[0]).push(2,0,r),r=0):o===" "||o==="	"||o===`
`||o==="\r"?(p(),r=2):a+=o),r===3&&a==="!--"&&(r=4,c=c[0])}return p(),c})(t)),e),arguments,[])).length>1?e:e[0]}var Nt,R,sn,ho,rn=Object.is,xe=0,xo=[],an=[],L=E,$o=L.__b,bo=L.__r,yo=L.diffed,go=L.__c,_o=L.unmount,wo=L.__;function Me(t,e){L.__h&&L.__h(R,t,xe||e),xe=0;var n=R.__H||(R.__H={__:[],__h:[]});return t>=n.__.length&&n.__.push({}),n.__[t]}function q(t){return xe=1,Rr(So,t)}function Rr(t,e,n){var o=Me(Nt++,2);if(o.t=t,!o.__c&&(o.__=[n?n(e):So(void 0,e),function(r){var a=(o.__N||o.__)[0],i=o.t(a,r);rn(a,i)||(o.__N=[i,o.__[1]],o.__c.setState({}))}],o.__c=R,!R.__f)){R.__f=!0;var s=R.shouldComponentUpdate;R.shouldComponentUpdate=function(r,a,i){var c=this.__H;if(!c)return!0;var p=!1,l=this.props!=r;if(c.__.some(function(h){h.__N&&(p=!0,rn(h.__[0],h.__N[0])||(l=!0))}),s){var d=s.call(this,r,a,i);return p?d||l:d}return!p||l}}return o.__}function W(t,e){var n=Me(Nt++,3);!L.__s&&cn(n.__H,e)&&(n.__P=!0,n.__=t,n.u=e,R.__H.__h.push(n))}function lt(t,e){var n=Me(Nt++,4);!L.__s&&cn(n.__H,e)&&(n.__P=!1,n.__=t,n.u=e,R.__h.push(n))}function D(t){return xe=5,Mo(function(){return{current:t}},[])}function Mo(t,e){var n=Me(Nt++,7);return cn(n.__H,e)&&(n.__=t(),n.__H=e),n.__}function Fr(){var t;do{for(;t=an.shift();)try{Qt(t)}catch(n){L.__e(n,{__:(t=t.__P)&&t.__v})}for(;t=xo.shift();){var e=t.__H;if(t.__P&&e)try{e.__h.some(Qt),e.__h.some(ln),e.__h=[]}catch(n){e.__h=[],L.__e(n,t.__v)}}}while(an.length)}L.__b=function(t){R=null,$o&&$o(t)},L.__=function(t,e){t&&e.__k&&e.__k.__m&&(t.__m=e.__k.__m),wo&&wo(t,e)},L.__r=function(t){bo&&bo(t),Nt=0;var e=(R=t.__c).__H;e&&(sn==R?R.__h=[]:(e.__h.some(Qt),e.__h.some(ln),Nt=0),e.__h=[],e.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),sn=R},L.diffed=function(t){yo&&yo(t);var e=t.__c;e&&e.__H&&(e.__H.__h.length&&ko(xo.push(e)),e.__H.__.some(function(n){n.u&&(n.__H=n.u)})),sn=R=null},L.__c=function(t,e){e.some(function(n){try{n.__h.some(Qt),n.__h=n.__h.filter(function(o){return!o.__||ln(o)})}catch(o){n.__h=[function(){throw o}]}}),go&&go(t,e)},L.unmount=function(t){_o&&_o(t);var e,n,o=t.__c;o&&o.__H&&(o.__H.__.some(function(s){try{if(s.__P&&s.__c){if(n===void 0){for(n=t.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}s.__P=n,ko(an.push(s))}else Qt(s)}catch(r){e=r}}),o.__H=void 0,e&&L.__e(e,o.__v))};var vo=typeof requestAnimationFrame=="function";function Dr(t){var e,n=function(){clearTimeout(o),vo&&cancelAnimationFrame(e),setTimeout(t)},o=setTimeout(n,35);vo&&(e=requestAnimationFrame(n))}function ko(t){t!=1&&ho==L.requestAnimationFrame||((ho=L.requestAnimationFrame)||Dr)(Fr)}function Qt(t){var e=R,n=t.__c;typeof n=="function"&&(t.__c=void 0,n()),R=e}function ln(t){var e=R;t.__c=t.__(),R=e}function cn(t,e){return!t||t.length!=e.length||e.some(function(n,o){return!rn(n,t[o])})}function So(t,e){return typeof e=="function"?e(t):e}var f=fo.bind(so);var $={screen:"home",session:null,k:1,micro:0,cursor:null,focusCursor:!1,playing:!1,unit:"update",speed:3,dialog:null,singleKeys:!0,live:"",error:"",check:null,born:null,unitOpen:null,paint:null,server:null},Se=new Set,pn=!1;function kt(){pn||(pn=!0,queueMicrotask(()=>{pn=!1;for(let t of Se)t()}))}function k(t){Object.assign($,t),kt()}function x(){let[,t]=q(0);return W(()=>{let e=()=>t(n=>n+1);return Se.add(e),()=>Se.delete(e)},[]),$}function To(t){Se.add(t)}var N=(t,e)=>({rows:t,cols:e,data:new Float64Array(t*e)}),Wr=(t,e,n)=>({rows:t,cols:e,data:Float64Array.from(n)}),J=t=>Wr(t.length,t[0].length,t.flat()),Te=t=>({rows:t.rows,cols:t.cols,data:t.data.slice()}),C=(t,e,n)=>t.data[e*t.cols+n];function Q(t,e){let n=N(t.rows,t.cols);for(let o=0;o<t.data.length;o++)n.data[o]=e(t.data[o]);return n}function tt(t,e,n){let o=N(t.rows,t.cols);for(let s=0;s<t.data.length;s++)o.data[s]=n(t.data[s],e.data[s]);return o}function Ao(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=N(n,s);for(let a=0;a<n;a++){let i=r.data.subarray(a*s,(a+1)*s);for(let c=0;c<o;c++){let p=t.data[a*o+c],l=c*s;for(let d=0;d<s;d++)i[d]+=p*e.data[l+d]}}return r}function Co(t,e){let[n,o,s]=[t.rows,t.cols,e.rows],r=N(n,s);for(let a=0;a<n;a++)for(let i=0;i<s;i++){let c=0;for(let p=0;p<o;p++)c+=t.data[a*o+p]*e.data[i*o+p];r.data[a*s+i]=c}return r}function Oo(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=N(o,s);for(let a=0;a<n;a++)for(let i=0;i<o;i++){let c=t.data[a*o+i];for(let p=0;p<s;p++)r.data[i*s+p]+=c*e.data[a*s+p]}return r}function Eo(t,e){let n=N(t.rows,t.cols);for(let o=0,s=0;o<t.rows;o++)for(let r=0;r<t.cols;r++,s++)n.data[s]=t.data[s]+e.data[o];return n}function No(t){let e=N(t.rows,1);for(let n=0,o=0;n<t.rows;n++)for(let s=0;s<t.cols;s++,o++)e.data[n]+=t.data[o];return e}function un(t,e){let n=N(t.rows,e.length);for(let o=0;o<t.rows;o++)for(let s=0;s<e.length;s++)n.data[o*e.length+s]=t.data[o*t.cols+e[s]];return n}function dn(t,e){let n=N(t.rows,t.cols+1);for(let o=0;o<t.rows;o++)n.data.set(t.data.subarray(o*t.cols,(o+1)*t.cols),o*n.cols),n.data[(o+1)*n.cols-1]=e[o];return n}var Lo=Math.sqrt(Math.PI);function Po(t){let e=t,n=t;for(let o=1;e>n*1e-17;o++)e*=2*t*t/(2*o+1),n+=e;return 2/Lo*Math.exp(-t*t)*n}function Io(t){let e=t;for(let n=90;n>0;n--)e=t+n/2/e;return Math.exp(-t*t)/(Lo*e)}function mn(t){let e=Math.abs(t)/Math.SQRT2;return e<2?t<0?(1-Po(e))/2:(1+Po(e))/2:t<0?Io(e)/2:1-Io(e)/2}var qo=1.0507009873554805,Ro=1.6732632423543772,Fo=40,Ho=Math.sqrt(2/Math.PI),fn=t=>Math.min(Math.max(t,-Fo),Fo);function rt(t){let e=Math.exp(-Math.abs(t));return(t>=0?1:e)/(1+e)}function jo(t,e){let n=Math.exp(-Math.abs(e));return t*n/((1+n)*(1+n))}var hn=t=>Math.max(t,0)+Math.log1p(Math.exp(-Math.abs(t))),Do=(t,e)=>t>0?t:e*Math.expm1(Math.min(t,0)),Wo=(t,e,n)=>t*(e>0?1:n*Math.exp(Math.min(e,0))),$n=t=>2*Ho*(t+.044715*t*t*t);function Hr(t,e){let n=Math.exp(-Math.abs(e)),o=2*n/(1+n*n);return t*o*o}function jr(t,e){let n=fn(e),o=2*Ho*(1+3*.044715*n*n);return t*(rt($n(n))+jo(n*o,$n(n)))}function Ur(t,e){let n=Math.tanh(hn(e));return t*(n+e*(1-n*n)*rt(e))}var Br={identity:{forward:t=>t,backward:t=>t},relu:{forward:t=>t>0||t!==t?t:0,backward:(t,e)=>e>0?t:0},leaky_relu:{forward:t=>t>0?t:.01*t,backward:(t,e)=>e>0?t:.01*t},elu:{forward:t=>Do(t,1),backward:(t,e)=>Wo(t,e,1)},selu:{forward:t=>qo*Do(t,Ro),backward:(t,e)=>qo*Wo(t,e,Ro)},gelu:{forward:t=>t*mn(t),backward:(t,e)=>{let n=fn(e);return t*(mn(e)+n*Math.exp(-n*n/2)/Math.sqrt(2*Math.PI))}},gelu_tanh:{forward:t=>t*rt($n(fn(t))),backward:jr},silu:{forward:t=>t*rt(t),backward:(t,e)=>t*rt(e)*(1+e*rt(-e))},mish:{forward:t=>t*Math.tanh(hn(t)),backward:Ur},softplus:{forward:hn,backward:(t,e)=>t*rt(e)},tanh:{forward:Math.tanh,backward:Hr},sigmoid:{forward:rt,backward:jo}};function Ae(t){let e=N(t.rows,t.cols);for(let n=0;n<t.cols;n++){let o=-1/0,s=0;for(let r=0;r<t.rows;r++)o=Math.max(o,t.data[r*t.cols+n]);for(let r=0;r<t.rows;r++)s+=e.data[r*t.cols+n]=Math.exp(t.data[r*t.cols+n]-o);for(let r=0;r<t.rows;r++)e.data[r*t.cols+n]/=s}return e}function Yr(t,e){let n=Ae(e),o=N(e.rows,e.cols);for(let s=0;s<e.cols;s++){let r=0;for(let a=0;a<e.rows;a++)r+=t.data[a*e.cols+s]*n.data[a*e.cols+s];for(let a=0,i=s;a<e.rows;a++,i+=e.cols)o.data[i]=n.data[i]*(t.data[i]-r)}return o}var mt={...Object.fromEntries(Object.entries(Br).map(([t,e])=>[t,{one:e,forward:n=>Q(n,e.forward),backward:(n,o)=>tt(n,o,e.backward)}])),softmax:{forward:Ae,backward:Yr}};function Uo(t,e,n){let o=N(1,t.cols);for(let s=0,r=0;s<t.rows;s++)for(let a=0;a<t.cols;a++,r++)o.data[a]+=n(t.data[r],e.data[r]);return o}function Zr(t,e){let n=N(1,t.cols);for(let o=0;o<t.cols;o++){let s=-1/0,r=0,a=0;for(let i=o;i<t.data.length;i+=t.cols)s=Math.max(s,t.data[i]);for(let i=o;i<t.data.length;i+=t.cols){let c=t.data[i]-s;r+=Math.exp(c),a+=e.data[i]*c}n.data[o]=Math.log(r)-a}return n}var et={sigmoid:{activation:"sigmoid",equation:"sigmoid_cross_entropy",loss:(t,e)=>Uo(t,e,(n,o)=>Math.max(n,0)-o*n+Math.log1p(Math.exp(-Math.abs(n)))),lossBackward:(t,e)=>tt(t,e,(n,o)=>rt(n)-o)},softmax:{activation:"softmax",equation:"softmax_cross_entropy",loss:Zr,lossBackward:(t,e)=>tt(Ae(t),e,(n,o)=>n-o)},identity:{activation:"identity",equation:"squared_error",loss:(t,e)=>{let n=Uo(t,e,(o,s)=>(o-s)**2);return{...n,data:n.data.map(o=>o/2)}},lossBackward:(t,e)=>tt(t,e,(n,o)=>n-o)}};var Bo=(t,e,n)=>t/(1-e**n);function Xr(t,e,{v:n,s:o},{learning_rate:s,beta1:r,beta2:a,epsilon:i,epsilon_at:c,t:p}){n=r*n+(1-r)*e,o=a*o+(1-a)*e*e;let l={v̂:Bo(n,r,p),ŝ:Bo(o,a,p)},d=c==="hat"?(Math.sqrt(o)+i)/Math.sqrt(1-a**p):c==="inside"?Math.sqrt(l.ŝ+i):Math.sqrt(l.ŝ)+i;return{theta:t-s*(l.v̂/d),v:n,s:o,hats:l}}var Yo={equation:"adam_update",state:["v","s"],hats:{v̂:"v",ŝ:"s"},defaults:{beta1:.9,beta2:.999,epsilon:1e-8,epsilon_at:"outside"},one:Xr},H={gd:{equation:"gradient_descent_update",state:[],defaults:{},one:(t,e,n,{learning_rate:o})=>({theta:t-o*e})},momentum:{equation:"momentum_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n+(1-s)*e,{theta:t-o*n,v:n}}},nesterov:{equation:"nesterov_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n-o*e,{theta:t+s*n-o*e,v:n}}},rmsprop:{equation:"rmsprop_update",state:["s"],defaults:{beta:.99,epsilon:1e-8},one(t,e,{s:n},{learning_rate:o,beta:s,epsilon:r}){return n=s*n+(1-s)*e*e,{theta:t-o*(e/(Math.sqrt(n)+r)),s:n}}},adam:Yo,adamw:{...Yo,weight_decay:.01},lion:{equation:"lion_update",state:["v"],defaults:{beta1:.9,beta2:.99},one(t,e,{v:n},{learning_rate:o,beta1:s,beta2:r}){let a=Math.sign(s*n+(1-s)*e);return{theta:t-o*a,v:r*n+(1-r)*e}}}};function xt({network:t,training:e,parameters:n,X:o,Y:s,masks:r},a=new Map,i=void 0){let c=(y,_)=>{let w=i?.name===y?i.value:_;return a.set(y,w),w},{activations:p}=t,l=p.length,d=y=>i?.name===y?i.value:n[y],h=c("A0",o),m=h;for(let y=1;y<=l;y++){let _=r?.[`A${y}`];m=c(`Z${y}`,Eo(Ao(d(`W${y}`),h),d(`b${y}`))),h=c(_?`g(Z${y})`:`A${y}`,mt[p[y-1]].forward(m)),_&&(a.set(`mask${y}`,_),h=c(`A${y}`,tt(h,_,(w,S)=>w*S)))}if(!s)return a;a.set("Y",s);let b=c("loss",et[t.output].loss(m,s)),g=0;for(let y of b.data)g+=y;if(g/=b.cols,e.l2){let y=0;for(let _=1;_<=l;_++)for(let w of d(`W${_}`).data)y+=w*w;a.set("J_data",g),a.set("J_L2",e.l2/(2*b.cols)*y),a.set("J",g+a.get("J_L2"))}else a.set("J",g);return a}function Zo(t,e,n){return xt({network:t,training:{},parameters:e,X:n,Y:null}).get(`A${t.activations.length}`)}function Jr({network:t,training:e,parameters:n,masks:o=void 0},s){let{activations:r}=t,a=r.length,i=s.get("Y"),c=i.cols,p=et[t.output].lossBackward(s.get(`Z${a}`),i);for(let l=a;l>=1;l--){let d=n[`W${l}`];s.set(`dZ${l}`,p);let h=Q(Co(p,s.get(`A${l-1}`)),g=>g/c);if(e.l2&&(s.set(`dW${l}_data`,h),s.set(`dW${l}_L2`,Q(d,g=>e.l2/c*g)),h=tt(h,s.get(`dW${l}_L2`),(g,y)=>g+y)),s.set(`dW${l}`,h),s.set(`db${l}`,Q(No(p),g=>g/c)),l===1)break;let m=Oo(d,p);s.set(`dA${l-1}`,m);let b=o?.[`A${l-1}`];b&&s.set(`dg(Z${l-1})`,m=tt(m,b,(g,y)=>g*y)),p=mt[r[l-2]].backward(m,s.get(`Z${l-1}`))}return s}function zr({training:t,parameters:e,slots:n,t:o},s){let r=H[t.optimizer],a={...r.defaults,...t.hyperparameters,learning_rate:t.learning_rate,t:o},i={parameters:{},slots:{}};for(let[c,p]of Object.entries(e)){let l=p;t.weight_decay&&c[0]==="W"&&(l=Q(p,b=>(1-t.learning_rate*t.weight_decay)*b),s.set(`${c}_decayed`,l));let d=s.get(`d${c}`),h=Object.fromEntries([...r.state,...Object.keys(r.hats??{})].map(b=>[b,N(l.rows,l.cols)])),m=N(l.rows,l.cols);for(let b=0;b<l.data.length;b++){let g={};for(let _ of r.state)g[_]=n?.[`${_}_d${c}`]?.data[b]??0;let y=r.one(l.data[b],d.data[b],g,a);m.data[b]=y.theta;for(let _ of r.state)h[_].data[b]=y[_];for(let _ in r.hats)h[_].data[b]=y.hats[_]}for(let b in h)s.set(`${b}_d${c}`,h[b]);for(let b of r.state)i.slots[`${b}_d${c}`]=h[b];s.set(`${c}′`,m),i.parameters[c]=m}return i}function Pt(t){let e=new Map;xt(t,e);for(let[o,s]of Object.entries(t.parameters))e.set(o,s);for(let[o,s]of Object.entries(t.slots??{}))e.set(`${o}⁻`,s);Jr(t,e);let n=zr(t,e);return{values:e,after:{...n,t:t.t}}}var Xo=(t,e)=>Object.is(t,e)||t===e?0:Math.abs(t-e)/Math.max(1,Math.abs(t),Math.abs(e));function Gr(t,e){if(typeof e=="number")return Jo(Xo(t,e));if(!t||t.data.length!==e.data.length)return 1/0;let n=0;for(let o=0;o<t.data.length;o++)n=Math.max(n,Jo(Xo(t.data[o],e.data[o])));return n}var Jo=t=>Number.isNaN(t)?1/0:t;function bn({parameters:t,slots:e,quantities:n,after:o}){let s=(r,a)=>Object.entries(r??{}).map(([i,c])=>[`${i}${a}`,c]);return new Map([...s(t,""),...s(e,"⁻"),...s(n,""),...s(o,"′")])}function yn({network:t,training:e},{step:n,parameters:o,slots:s,quantities:r,learning_rate:a}){let i=Object.entries(r).filter(([c])=>c.startsWith("mask"));return{network:t,training:{...e,learning_rate:a??e.learning_rate},parameters:o,slots:s??{},t:n,X:r.A0,Y:r.Y,masks:i.length?Object.fromEntries(i.map(([c,p])=>[c.replace("mask","A"),p])):null}}function gn(t,e){let n={difference:0,worst:"",compared:0};for(let[o,s]of bn(e)){if(s==null||!t.has(o))continue;let r=Gr(t.get(o),s);n.compared+=1,r>n.difference&&Object.assign(n,{difference:r,worst:o}),t.set(o,s)}return n}var zo=(t,e)=>gn(Pt(yn(t,e)).values,e);function Oe({network:t,training:e}){let n=t.activations.slice(0,-1).filter(o=>!mt[o]?.one);return[...e.beyond??[],...n,...et[t.output]?[]:[t.output],...H[e.optimizer]?[]:[e.optimizer]]}var Vr={input:"given"},Ce=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!0,this.costs=[],this.changedFrom=1/0,this.numbers=e.golden.map(({step:n})=>n).sort((n,o)=>n-o),this.latest={t:this.numbers.at(-1)-1,parameters:e.golden.at(-1).parameters,slots:{}},this.size=Object.values(e.parameters).reduce((n,{data:o})=>n+o.length,0),this.opened=new Map;for(let{step:n,quantities:o}of e.golden)this.costs[n-1]=o.J}trainingAt(){return this.lesson.training}dataAt(){return this.lesson.data}updatesPerEpoch(){return 1}golden(e){return this.lesson.golden.find(({step:n})=>n===e)}epochOf(e){return this.golden(e).epoch}batchOf(e){return Array.from({length:this.golden(e).quantities.Y.cols},(n,o)=>this.lesson.batches?.[e-1]?.[o]??o)}state(e){return{parameters:this.golden(e+1).parameters,slots:{},t:e}}open(e){return this.opened.has(e)||this.opened.set(e,this.openRecorded(e)),this.opened.get(e)}openRecorded(e){let n=this.golden(e),o=bn(n),s=this.lesson.entries.filter(({name:a})=>o.has(a)&&a!=="t"&&!(a in n.parameters)).map(({name:a,layer:i,phase:c,formula:p,equation:l})=>({id:a,layer:i,phase:Vr[c]??c,kind:"recorded",equation:l,formula:p,tokens:[{name:a},...Kr(p,a,o)]})),r={...yn(this.lesson,n),batch:this.batchOf(e)};return{k:e,problem:r,values:o,after:{parameters:n.after},steps:s,check:null,born:null}}reach(e,n=1){let o=this.numbers.filter(s=>e>=n?s>=e:s<=e);return e>=n?o[0]??this.numbers.at(-1):o.at(-1)??this.numbers[0]}};function Kr(t,e,n){let o=t.split("=").slice(1).join("=");return[...new Set(o.match(/[A-Za-z_]+\d+/g)??[])].filter(r=>r!==e&&n.has(r)).slice(0,3).flatMap(r=>[",",{name:r}]).slice(0,6).map((r,a)=>a===0?"←":r)}var M=t=>({name:t}),Go=t=>({name:t,transposed:!0});function*Qr({activations:t},e){for(let n=1;n<=t.length;n++){let o=t[n-1],s=(a,i,c,...p)=>({id:a,phase:"forward",layer:n,kind:i,equation:c,tokens:p});yield s(`Z${n}`,"linear","linear_forward",M(`Z${n}`),"=",M(`W${n}`),"·",M(`A${n-1}`),"+",M(`b${n}`));let r=e(n)?`g(Z${n})`:`A${n}`;yield s(r,"activation",o,M(r),"=",o,"(",M(`Z${n}`),")"),e(n)&&(yield s(`A${n}`,"dropout","dropout_forward",M(`A${n}`),"=",M(r),"∘",M(`mask${n}`)))}}function*ta({activations:t,output:e},n){let o=t.length,{equation:s}=et[e],r=(i,c,p,...l)=>({id:i,phase:"cost",layer:o,kind:c,equation:p,tokens:l});yield r("loss","loss",s,M("loss"),"=","loss","(",M(`Z${o}`),",",M("Y"),")");let a=["1/m","Σ",M("loss")];yield n?r("J","cost","l2_cost",M("J"),"=",...a,"+",M("J_L2")):r("J","cost","cost_from_logits",M("J"),"=",...a)}function*ea({activations:t,output:e},n,o){let s=t.length;for(let r=s;r>=1;r--){let a=(c,p,l,...d)=>({id:c,phase:"backward",layer:r,kind:p,equation:l,tokens:d});if(r===s){let c=o(r)?`g(Z${r})`:`A${r}`;yield a(`dZ${r}`,"output",`${et[e].equation}_backward`,M(`dZ${r}`),"=",M(c),"−",M("Y"))}else{let c=o(r)?`dg(Z${r})`:`dA${r}`;o(r)&&(yield a(c,"dropout_back","dropout_backward",M(c),"=",M(`dA${r}`),"∘",M(`mask${r}`)));let p=t[r-1];yield a(`dZ${r}`,"activation_back",`${p}_backward`,M(`dZ${r}`),"=",M(c),"∘",`${p}′`,"(",M(`Z${r}`),")")}let i=n?["+","λ/m",M(`W${r}`)]:[];yield a(`dW${r}`,"weights","linear_backward",M(`dW${r}`),"=","1/m",M(`dZ${r}`),"·",Go(`A${r-1}`),...i),yield a(`db${r}`,"bias","linear_backward",M(`db${r}`),"=","1/m","Σ",M(`dZ${r}`)),r>1&&(yield{...a(`dA${r-1}`,"back","linear_backward",M(`dA${r-1}`),"=",Go(`W${r}`),"·",M(`dZ${r}`)),layer:r-1})}}function*na({activations:t},{optimizer:e,weight_decay:n}){let o=H[e];for(let s=1;s<=t.length;s++)for(let r of[`W${s}`,`b${s}`]){let a=(l,d,h,...m)=>({id:l,phase:"update",layer:s,kind:d,equation:h,tokens:m}),i=n&&r[0]==="W"?`${r}_decayed`:r;i!==r&&(yield a(i,"decay","decoupled_decay",M(i),"=","(1 − α·λ)",M(r)));for(let l of o.state){let d=`${l}_d${r}`;yield a(d,"slot",o.equation,M(d),"←",M(`${d}⁻`),",",M(`d${r}`))}let c=o.hats?Object.keys(o.hats).map(l=>M(`${l}_d${r}`)):[M(`d${r}`)],p=e==="gd"?["−","α",M(`d${r}`)]:[",",...o.hats?c:o.state.map(l=>M(`${l}_d${r}`)).concat(c)].flatMap((l,d)=>d>1?[",",l]:[l]);yield a(`${r}′`,"update",o.equation,M(`${r}′`),e==="gd"?"=":"←",M(i),...p)}}function Vo(t,e,n){let o=s=>!!n?.[`A${s}`];return[{id:"A0",phase:"given",layer:0,kind:"batch",equation:"",tokens:[M("A0"),"→",M("Y")]},...Qr(t,o),...ta(t,e.l2),...ea(t,e.l2,o),...na(t,e)]}function Ko(t,e){for(let n of t){let o=e.get(n);if(typeof o=="number"){if(!Number.isFinite(o))return{name:n,row:0,col:0,value:o}}else if(o){let s=o.data.findIndex(r=>!Number.isFinite(r));if(s>=0)return{name:n,row:Math.floor(s/o.cols),col:s%o.cols,value:o.data[s]}}}return null}function _n(t){return t^=t>>>16,t=Math.imul(t,569420461),t^=t>>>15,t=Math.imul(t,1935289751),(t^t>>>15)>>>0}function Mt(t,...e){let n=e.reduce((o,s)=>_n(o+s|0),_n(t|0));return()=>(n=n+2654435769|0,_n(n)/2**32)}function z(t){return Math.sqrt(-2*Math.log(1-t()))*Math.cos(2*Math.PI*t())}function Qo(t,e){let n=Array.from({length:e},(o,s)=>s);for(let o=e-1;o>0;o--){let s=Math.floor(t()*(o+1));[n[o],n[s]]=[n[s],n[o]]}return n}var oa=2e6,ts=({dropout:t})=>[t].flat().some(e=>e>0),It=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!1,this.numbers=[],this.trainings=[{from:1,training:e.training}],this.datas=[{from:1,data:e.data}];let n={parameters:e.parameters,slots:{},t:0};this.kept=new Map([[0,n]]),this.pinned=new Set([0]),this.stride=1,this.latest=n,this.costs=[],this.changedFrom=1/0,this.log=[],this.base=null,this.opened=new Map,e.resume&&this.resume(e.resume),this.stopped=null,this.followed=Math.min(e.training.batch_size?e.batches?.length??0:1/0,ts(e.training)?e.masks?.length??0:1/0),this.size=Object.values(e.parameters).reduce((o,{data:s})=>o+s.length,0)}trainingAt(e){return this.trainings.findLast(({from:n})=>n<=e).training}dataAt(e){return this.datas.findLast(({from:n})=>n<=e).data}examples(e=this.latest.t+1){return this.dataAt(e).X.cols}updatesPerEpoch(e=this.latest.t+1){let n=this.trainingAt(e).batch_size;return n?Math.ceil(this.examples(e)/n):1}epochOf(e){return Math.floor((e-1)/this.updatesPerEpoch(e))}batchOf(e){let{lesson:n}=this;if(e<this.changedFrom&&n.batches?.[e-1])return n.batches[e-1];let{batch_size:o,seed:s}=this.trainingAt(e),r=this.examples(e);if(!o||o>=r)return Array.from({length:r},(c,p)=>p);let a=this.epochOf(e);(this.order?.epoch!==a||this.order.seed!==s||this.order.examples.length!==r)&&(this.order={epoch:a,seed:s,examples:Qo(Mt(s,2,a),r)});let i=(e-1)%this.updatesPerEpoch(e)*o;return this.order.examples.slice(i,i+o)}masksOf(e,n){let{dropout:o,seed:s}=this.trainingAt(e);if(!ts({dropout:o}))return null;if(e<this.changedFrom&&this.lesson.masks?.[e-1])return this.lesson.masks[e-1];let r={};for(let a=1;a<this.network.activations.length;a++){let i=Mt(s,3,e,a),c=1-(Array.isArray(o)?o[a-1]:o);c<1&&(r[`A${a}`]=Q(N(this.network.layer_dims[a],n),()=>i()<c?1/c:0))}return r}problem(e,n){let o=this.batchOf(e),{X:s,Y:r}=this.dataAt(e),a=o.length===s.cols&&o.every((i,c)=>i===c);return{network:this.network,training:this.trainingAt(e),...n,t:e,batch:o,X:a?s:un(s,o),Y:a?r:un(r,o),masks:this.masksOf(e,o.length)}}state(e){if(e===this.latest.t)return this.latest;let n=e;for(;!this.kept.has(n);)n--;let o=this.kept.get(n);for(;o.t<e;)o=Pt(this.problem(o.t+1,o)).after;return o}open(e){if(this.opened.has(e))return this.opened.get(e);let n=this.state(e-1),o=this.problem(e,n),{values:s,after:r}=Pt(o),a=n.forgotten&&H[o.training.optimizer].state.length>0,i=Vo(this.network,o.training,o.masks).filter(({phase:h})=>!a||h!=="update"),c=e<this.changedFrom&&e<=this.followed&&this.lesson.golden?.find(({step:h})=>h===e),p=c?gn(s,c):null,l=i.map(({id:h})=>h),d={k:e,problem:o,values:s,after:r,steps:i,check:p,born:Ko(l,s)};return this.opened.size>3&&this.opened.delete(this.opened.keys().next().value),this.opened.set(e,d),d}advance(){let e=this.latest.t+1,{values:n,after:o}=Pt(this.problem(e,this.latest)),s=n.get("J"),r=Object.values(o.parameters).every(({data:a})=>a.every(Number.isFinite));return!Number.isFinite(s)||!r?(this.stopped=this.open(e).born??{name:"J",row:0,col:0,value:s},this.stopped.k=e,!1):(this.costs[e-1]=s,this.latest=o,e%this.stride===0&&this.keep(o),!0)}reach(e,n=1){for(;this.latest.t<e-1;)if(!this.advance())return this.latest.t+1;return Math.max(1,e)}arrive(e,n,o,s){this.latest={parameters:n,slots:s??{},t:e,forgotten:!s&&e>0},this.base=this.latest,this.changedFrom=Math.min(this.changedFrom,e+1),this.opened.clear(),e&&Number.isFinite(o)&&(this.costs[e-1]=o),e%this.stride===0&&this.keep(this.latest)}startFrom({base:e,kept:n,costs:o}){for(let[s,r]of n)s<e.t&&this.kept.set(s,r);this.costs=o.slice(0,e.t),this.arrive(e.t,e.parameters,NaN),this.kept.set(e.t,this.latest)}keep(e){this.kept.set(e.t,e);let n=1+Object.keys(e.slots).length/Math.max(1,Object.keys(e.parameters).length);if(!(this.kept.size*this.size*n<=oa||this.kept.size<16)){this.stride*=2;for(let o of this.kept.keys())o%this.stride&&!this.pinned.has(o)&&this.kept.delete(o)}}branch(e){this.latest=this.state(e);for(let n of[...this.kept.keys()])n>e&&this.kept.delete(n);this.kept.set(e,this.latest),this.pinned.add(e),this.costs.length=Math.min(this.costs.length,e),this.trainings=this.trainings.filter(({from:n})=>n<=e+1),this.datas=this.datas.filter(({from:n})=>n<=e+1),this.log=this.log.filter(n=>n.t<=e),this.changedFrom=Math.min(this.changedFrom,e+1),this.opened.clear(),this.order=void 0,this.stopped=null}edit(e,n,o,s,r){this.branch(e),this.log.push({t:e,edit:[n,o,s,r]});let a=Te(this.latest.parameters[n]);a.data[o*a.cols+s]=r,this.latest={...this.latest,parameters:{...this.latest.parameters,[n]:a}},this.kept.set(e,this.latest)}add(e,n,o){this.branch(e),this.log.push({t:e,add:[n,o]}),this.grow(e,n,o)}grow(e,n,o){let s=this.dataAt(e+1),r={...s,X:dn(s.X,n),Y:dn(s.Y,o)};this.datas=[...this.datas.filter(({from:a})=>a<=e),{from:e+1,data:r}]}standing(){return{states:[...[...this.pinned].filter(n=>n>0).map(n=>this.kept.get(n)).filter(({t:n})=>n!==this.latest.t),this.latest],costs:{rows:1,cols:this.costs.length,data:Float64Array.from(this.costs,n=>n??NaN)},log:this.log,trainings:this.trainings,changedFrom:this.changedFrom,base:this.base}}resume({states:e,costs:n,log:o,trainings:s,changedFrom:r,base:a=null}){for(let i of e)this.kept.set(i.t,i),this.pinned.add(i.t);Object.assign(this,{latest:e.at(-1),costs:Array.from(n.data),log:o,trainings:s,changedFrom:r,base:a});for(let{t:i,add:c}of o)c&&this.grow(i,...c)}replay(e){for(let{t:n,edit:o,set:s,add:r}of e){if(this.reach(n+1)!==n+1)return;o?this.edit(n,...o):r?this.add(n,...r):this.retrain(n,s)}}retrain(e,n){let o=this.trainingAt(e+1);this.branch(e),this.log.push({t:e,set:n});let s={...o,...n};this.trainings=[...this.trainings.filter(({from:r})=>r<=e),{from:e+1,training:s}],n.optimizer&&n.optimizer!==o.optimizer&&(this.latest={...this.latest,slots:{}},this.kept.set(e,this.latest))}};var sa={"app.name":"DeepStep","app.offline":"Works offline. Nothing leaves this page.","app.skip":"Skip to the content","app.screens":"Screens","screen.home":"Home","screen.play":"Play","screen.lab":"Step lab","app.share":"Share","app.help":"Help and keys","app.find":"Find a quantity","app.close":"Close","app.recorded":"The page cannot compute {parts}: it shows the updates {numbers} as Python recorded them.","home.title":"The deep network, with every step open","home.lead":"Train a network here, stop anywhere, and open any number: what made it, from what, and what it does next.","home.play":"Start with a data set","home.open":"Bring your own","home.csv":"Numbers as a table","home.csvHint":"One example a line, the target in the last column. Paste here, or drop a CSV file on this page.","home.csvExample":`x1,x2,class
0.1,0.7,a
0.9,0.2,b`,"home.csvUse":"Use this table","home.file":"Open a lesson or CSV file","home.fileHint":"A page or lesson that was exported from DeepStep, or a table.","home.continue":"Go on with “{title}”","toy.circles":"Circles","toy.xor":"XOR","toy.gaussians":"Two clouds","toy.moons":"Moons","toy.spirals":"Spirals","toy.arms":"Three arms","toy.plane":"Plane","toy.wave":"Wave","kind.binary":"two classes","kind.classes":"{n} classes","kind.numbers":"numbers","error.notALesson":"This file is no DeepStep lesson.","error.newerLesson":"This lesson was made by a newer DeepStep: update yours.","error.csv.short":"A table needs at least two lines.","error.csv.narrow":"A table needs at least two columns: inputs, then the target.","error.csv.large":"This table is too large for the page; use DeepStep in Python.","error.csv.numbers":"All columns but the last must hold numbers.","error.csv.target":"The target has more than 10 different texts, or only one.","error.server.refused":"The server did not give its lesson: open the address that it printed, in one window.","error.file":"This file could not be read.","axis.units":"units","axis.unitsBefore":"units before","axis.inputs":"inputs","axis.outputs":"outputs","axis.examples":"examples","axis.one":"1","axis.rows":"rows","axis.columns":"columns","phase.given":"Batch","phase.forward":"Forward","phase.cost":"Cost","phase.backward":"Backward","phase.update":"Update","say.batch":"The batch: {m} examples, each a column of {n} inputs, and the targets Y.","say.linear":"Layer {l}: each of its {n} units weighs the {before} numbers handed to it and adds its bias.","say.activation":"Layer {l}: {g} bends each pre-activation; A{l} is what the layer hands on.","say.dropout":"Layer {l}: dropout puts some activations to 0 and raises the others, so the mean stays.","say.loss":"How wrong each of the {m} answers is, one number an example, computed from the logits.","say.cost":"The cost J is the mean loss of the batch: the one number that training makes smaller.","say.output":"Backward begins: for this output and loss, the derivative by Z{l} is simply output minus target.","say.weights":"Layer {l}: each weight’s share of the error, averaged over the {m} examples.","say.bias":"Layer {l}: each bias’s share of the error, the mean of its row of dZ{l}.","say.back":"The error goes back through W{next} to what layer {l} handed on.","say.activation_back":"Layer {l}: the slope of {g} at each Z{l} lets the error through, or stops it.","say.dropout_back":"Layer {l}: what dropout put to 0 gets no error.","say.decay":"Layer {l}: weight decay shortens the weights a little.","say.slot":"Layer {l}: the optimizer’s memory of {name} takes in the new gradient.","say.recorded":"{name}, as Python computed and recorded it.","say.update":"Layer {l}: {name} moves against its gradient. The next step starts from here.","lab.update":"Update {k}","lab.epoch":"epoch {e}","lab.steps":"Micro-steps of this update","lab.equation":"The equation in numbers","lab.network":"Part of the network that is at work: {part}","lab.shape":"{rows} × {cols}","lab.rows":"rows {from}–{to} of {of}","lab.columns":"columns {from}–{to} of {of}","lab.cell":"{name}, row {row}, column {col}: {value}","lab.source":"The library’s own source","lab.noSource":"The source of this step did not come with the page.","lab.line":"{file}, line {line}","lab.keep":"Of a matrix that does not fit a window is shown; the strip below it shows the whole. Rows and columns count from 0.","inspect.title":"Cell inspector","inspect.none":"Choose a number: it opens here.","inspect.given":"Given to this step: nothing in it was computed.","inspect.recorded":"As Python recorded it.","inspect.parameter":"A parameter as it stood before this update.","inspect.example":"Column {col} is example {i}: {inputs}; target {target}.","inspect.historyText":"From {first} to {last} over {n} updates.","inspect.exact":"All digits","inspect.copy":"Copy","inspect.copied":"Copied.","inspect.code":"As code","inspect.formula":"Formula","inspect.puts":"Numbers put in","inspect.terms":"Largest of {n} terms","inspect.rest":"{n} more add up to {value}","inspect.numeric":"Check it numerically","inspect.numericValue":"Numeric derivative","inspect.agrees":"agrees: the difference is {difference}","inspect.disagrees":"differs by {difference}: there may be a bend here","inspect.made":"Show the micro-step that made it","check.title":"Gradient check of this update","check.button":"Gradient check","check.lead":"Each derivative beside a numeric one: the quantity is moved where it stands, and the cost is taken again.","check.quantity":"Quantity","check.checked":"Checked","check.difference":"Largest relative difference","check.verdict":"Verdict","check.good":"✓ agrees","check.bad":"✗ differs","check.all":"All {n} derivatives agree with their numeric twins.","check.some":"{n} of the derivatives differ: look where a bend of the activation is near.","check.running":"Checking…","golden.good":"recomputed = recorded, max diff {difference} ✓","golden.bad":"recomputed ≠ recorded: {name} differs by {difference}","golden.explain":"This page recomputed {n} quantities that Python recorded, and compared every number.","born.title":"Stopped: {name} is not finite","born.text":"At update {k}, row {row}, column {col} of {name} became {value}. The state before it is kept.","born.show":"Take me there","play.data":"Data","play.network":"Network","play.training":"Training","play.set":"Data set","play.examples":"{n} examples · inputs: {x}","play.paint":"Paint points","play.paintHint":"Click in the map to add a point of this class.","play.addPoint":"Add a point","play.class":"Class","play.layers":"Hidden layers","play.moreLayers":"Add a hidden layer","play.fewerLayers":"Take a hidden layer away","play.moreUnits":"One unit more in layer {l}","play.fewerUnits":"One unit less in layer {l}","play.inputs":"Inputs","play.layer":"Layer {l}","play.outputLayer":"Output","play.activation":"Activation of layer {l}","play.optimizer":"Optimizer","play.rate":"Learning rate","play.l2":"L2 strength λ","play.batch":"Batch size","play.all":"all","play.dropout":"Dropout","play.restart":"New weights","play.undo":"Undo","play.unit":"Unit {j} of layer {l}","play.unitLabel":"Unit {j} of layer {l}, bias {b}","play.bias":"Bias","play.weightFrom":"from {from}","play.more":"+{n}","play.moreWeights":"{n} more weights; open W{l} in the Step lab.","play.look":"Open layer {l} in the Step lab","play.map":"Decision map","play.mapHint":"Axes: {x} and {y}; other inputs at their means.","play.mapText":"The network’s answer over {x} and {y}.","play.cost":"Cost J","play.costText":"J began at {first} and was {last} before update {n}; lowest {low}.","play.costNone":"No update done yet. Press play, or step.","play.table":"As a table","play.accuracy":"{n} of {m} right","play.error":"mean squared error {value}","play.legend":"Blue, solid: positive. Orange, dashed: negative. Thick: large.","bar.label":"Transport","bar.start":"Back to the start","bar.play":"Play","bar.pause":"Pause","bar.back":"Micro-step back","bar.next":"Micro-step","bar.layerNext":"Next layer","bar.updateBack":"Update back","bar.updateNext":"Update","bar.epochNext":"Epoch","bar.unit":"Play by","bar.unit.micro":"micro-step","bar.unit.update":"update","bar.unit.epoch":"epoch","bar.speed":"Speed","bar.scrub":"Micro-step of this update","bar.scrubUpdates":"Updates done","bar.done":"{n} updates done","bar.cost":"J = {value}","layers.title":"Layers now","layers.layer":"Layer","layers.gradient":"dW","layers.ratio":"ΔW / W","layers.units":"Units","layers.dead":"{n} dead","layers.saturated":"{share} % saturated","share.title":"Share this state","share.html":"As one HTML file","share.htmlHint":"Opens anywhere without an install, trains in the page; about {size}.","share.save":"Save the page","share.saved":"Saved {name}, {size}.","share.lesson":"Save the lesson (JSON)","share.code":"Python that makes this state again","share.copy":"Copy the code","share.link":"Copy a link to this place","share.copied":"Copied.","find.title":"Find a quantity","find.label":"Name, such as dW2","find.none":"No quantity of that name in this update.","help.title":"Keys","help.space":"Play or pause","help.micro":"Micro-step back, forward","help.layer":"Layer back, forward","help.update":"Update back, forward","help.find":"Find a quantity","help.help":"This list","help.grid":"In a matrix: arrows, Home, End, Page keys move from number to number; Enter goes to the micro-step that made it.","help.single":"Single keys work as shortcuts","help.count":"Rows and columns count from 0, as in Python. Columns of X, Z and A are examples.","server.on":"Connected to Python","server.off":"The connection to Python ended; the page goes on by itself."},ra=sa;function u(t,e={}){return(ra[t]??t).replace(/\{(\w+)\}/g,(o,s)=>s in e?String(e[s]):o)}function Ee(t,e){if(e.kind==="recorded")return u("say.recorded",{name:e.id});let{layer_dims:n,activations:o}=t.network,{layer:s,kind:r,id:a}=e;return u(`say.${r}`,{l:s,next:s+1,n:n[s],before:n[s-1],g:o[s-1],m:t.batchOf(1).length,name:a.replace("′","").replace(/^._/u,"")})}var aa=1e5,ia={micro:[2400,1400,800,350,100],other:[500,150,40,0,0]},la=12,I=()=>$.session.open($.k),Ne=()=>I().steps[$.micro];function ft(t){$.playing&&ee(!1),t==="lab"?$.unit="micro":$.unit==="micro"&&($.unit="update"),k({screen:t})}function te(){$.server?.on&&$.server.leave()}function St(t,e){te();let n=Oe(t).length?new Ce(t):new It(t);n.isRecorded&&(e="lab"),k({session:n,k:1,micro:1,playing:!1,born:null,error:"",check:null,paint:null}),$.unitOpen=[n.network.activations.length,0],ft(e),Lt(),n.isRecorded||ca(n)}function ca(t){let{lesson:e}=t,n=[...e.golden??[]],o={difference:0,worst:"",compared:0},s=()=>{let r=n.shift();if(!r||t!==$.session)return;let a=zo(e,r);o.compared+=a.compared,a.difference>=o.difference&&Object.assign(o,{difference:a.difference,worst:a.worst}),k({check:{...o}}),setTimeout(s,30)};setTimeout(s,0)}function Lt(t=!0){let{steps:e,values:n}=I();$.micro=Math.max(0,Math.min($.micro,e.length-1));let{id:o}=e[$.micro],s=n.get(o),[r,a]=typeof s=="number"?[1,1]:[s.rows,s.cols];$.cursor={name:o,row:Math.min($.cursor?.row??0,r-1),col:Math.min($.cursor?.col??0,a-1)},$.focusCursor=!1,t&&!($.playing&&($.speed>2||$.unit!=="micro"))&&($.live=Ee($.session,e[$.micro])),kt()}function F(t,e=$.micro){let{session:n,server:o}=$;return o?.on&&t-1>n.latest.t?(o.send({do:"step",steps:t-1-n.latest.t}),$.k):($.k=n.reach(t,$.k),n.stopped&&$.k<t&&k({playing:!1,born:n.stopped}),$.micro=$.k===t||n.isRecorded?e:$.micro,Lt(),$.k)}function Tt(t){$.micro=t,Lt()}function At(t){let e=$.micro+t;e<0?$.k>1&&F($.k-1,1/0):e>=I().steps.length?F($.k+1,0):Tt(e)}function Pe(t){let{steps:e}=I(),n=({phase:r,layer:a})=>`${r} ${a}`,o=n(e[$.micro]),s=$.micro;for(;s>=0&&s<e.length&&n(e[s])===o;)s+=t;if(s<0||s>=e.length)return At(s<0?-($.micro+1):e.length-$.micro);if(t<0)for(;s>0&&n(e[s-1])===n(e[s]);)s-=1;Tt(s)}var qt=t=>F($.k+t);function wn(){let t=$.session.updatesPerEpoch($.k);F($.k+t-($.k-1)%t)}function ee(t=!$.playing){if(!($.playing===t||!$.session)){if(k({playing:t,born:t?null:$.born}),$.server?.on&&$.unit!=="micro")return $.server.send(t?{do:"train",steps:aa}:{do:"stop"});t?requestAnimationFrame(ns):Lt()}}var es=0;function ns(t){if(!$.playing||(requestAnimationFrame(ns),t-es<ia[$.unit==="micro"?"micro":"other"][$.speed]))return;if(es=t,$.unit==="micro")return At(1);if($.unit==="epoch")return wn();let e=performance.now()+la,n=$.speed<4?1:1/0;for(let o=0;o<n&&performance.now()<e&&$.playing;o++){let s=$.k;if($.session.latest.t>=$.k?F($.k+1)===s:!pa())break}Lt(!1)}function pa(){let{session:t}=$;return t.latest.t<$.k&&!t.advance()?(k({playing:!1,born:t.stopped}),!1):($.k=t.latest.t+1,!0)}function Rt(t,e=!1){k({cursor:t,focusCursor:e})}function ct({name:t,row:e,col:n}){let o=I().steps.findIndex(({id:s})=>s===t);o<0||($.micro=o,$.cursor={name:t,row:e,col:n},Lt(),$.screen!=="lab"&&ft("lab"),k({dialog:null}))}function os(){let{k:t,name:e,row:n,col:o}=$.born;$.k=t,k({born:null}),ct({name:e,row:n,col:o})}var K=()=>globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches??!1,ss=[0,114,178],rs=[213,94,0],ua=[86,180,233],da=[240,140,60];function as(t,e){if(!Number.isFinite(t))return"var(--alarm-tint)";let n=e>0?Math.min(1,Math.abs(t)/e):0,[o,s,r]=t<0?rs:ss;return`rgba(${o}, ${s}, ${r}, ${(.34*n).toFixed(3)})`}function pt(t,e=K()){let[n,o,s]=e?[ua,da,[38,43,51]]:[ss,rs,[246,247,249]],r=t<0?o:n,a=Math.min(1,Math.abs(t));return s.map((i,c)=>Math.round(i+(r[c]-i)*a))}var Ft=[[213,94,0],[0,114,178],[0,158,115],[204,121,167],[230,159,0],[86,180,233],[120,94,40],[90,90,90],[150,60,20],[20,60,140]],vn=new WeakMap;function Dt(t){if(!vn.has(t)){let e=0;for(let n of t.data)Math.abs(n)>e&&Number.isFinite(n)&&(e=Math.abs(n));vn.set(t,e)}return vn.get(t)}function kn(t,[e,n]=[0,1]){let o=r=>r<t.X.rows?t.X.data.subarray(r*t.X.cols,(r+1)*t.X.cols):t.Y.data.subarray(0,t.X.cols),s=r=>{let[a,i]=[1/0,-1/0];for(let p of r)[a,i]=[Math.min(a,p),Math.max(i,p)];let c=(i-a||1)*.1;return[a-c,i+c]};return{x:s(o(e)),y:s(o(n)),xs:o(e),ys:o(n)}}function Wt({Y:t},e){if(t.rows===1)return t.data[e]>.5?1:0;let n=0;for(let o=1;o<t.rows;o++)t.data[o*t.cols+e]>t.data[n*t.cols+e]&&(n=o);return n}var is=[(t,e,n,o)=>t.arc(e,n,o,0,2*Math.PI),(t,e,n,o)=>t.rect(e-o*.9,n-o*.9,1.8*o,1.8*o),(t,e,n,o)=>(t.moveTo(e,n-1.2*o),t.lineTo(e+1.1*o,n+o),t.lineTo(e-1.1*o,n+o),t.closePath()),(t,e,n,o)=>(t.moveTo(e,n-1.3*o),t.lineTo(e+1.3*o,n),t.lineTo(e,n+1.3*o),t.lineTo(e-1.3*o,n),t.closePath())];function xn(t,e,n,o,s){let r=K(),a=e.kind==="numbers",i=1;if(a)for(let p of e.Y.data)i=Math.max(i,Math.abs(p));let c=Math.ceil(e.X.cols/1500);for(let p=0;p<e.X.cols;p+=c){let l=(n.xs[p]-n.x[0])/(n.x[1]-n.x[0])*o,d=o-(n.ys[p]-n.y[0])/(n.y[1]-n.y[0])*o,h=a?0:Wt(e,p),[m,b,g]=a?pt(e.Y.data[p]/i,r):Ft[h%Ft.length];t.beginPath(),is[h%is.length](t,l,d,s),t.fillStyle=`rgb(${m},${b},${g})`,t.fill(),t.lineWidth=Math.max(.8,s/3),t.strokeStyle=r?"rgba(255,255,255,.75)":"rgba(255,255,255,.9)",t.stroke()}}function ls({data:t,size:e}){let n=D(null);return W(()=>{let o=n.current.getContext("2d");o.clearRect(0,0,2*e,2*e),xn(o,t,kn(t),2*e,4.5)},[t,K()]),f`<canvas class="scatter" ref=${n} width=${2*e} height=${2*e} aria-hidden="true"></canvas>`}var ma=new Set(["relu","leaky_relu","elu","gelu","gelu_tanh","silu","mish","softplus"]);function cs({layer_dims:t,activations:e},n){let o={};for(let s=1;s<t.length;s++){let r=Mt(n,1,s),a=Math.sqrt((ma.has(e[s-1])?2:1)/t[s-1]);o[`W${s}`]=Q(N(t[s],t[s-1]),()=>a*z(r)),o[`b${s}`]=N(t[s],1)}return o}var Tn="deepstep-lesson",fa=t=>t&&typeof t=="object"&&typeof t.f8=="string";function ha({shape:t,f8:e}){let n=Uint8Array.from(atob(e),i=>i.charCodeAt(0)),o=new DataView(n.buffer),s=new Float64Array(n.length/8);for(let i=0;i<s.length;i++)s[i]=o.getFloat64(8*i,!0);let[r,a]=t.length===2?t:t.length===1?[1,t[0]]:[1,1];return{rows:r,cols:a,data:s}}function An({rows:t,cols:e,data:n}){let o=new Uint8Array(8*n.length),s=new DataView(o.buffer);n.forEach((a,i)=>s.setFloat64(8*i,a,!0));let r="";for(let a=0;a<o.length;a+=8192)r+=String.fromCharCode(...o.subarray(a,a+8192));return{shape:[t,e],f8:btoa(r)}}var ps={nan:NaN,inf:1/0,"-inf":-1/0},$a=new Set(["title","sources","formulas","code","origin","names","classes","name","kind","place","toy","log"]);function Mn(t){if(fa(t))return ha(t);if(Array.isArray(t))return t.map(Mn);if(t&&typeof t=="object"){let e=Object.entries(t);return Object.fromEntries(e.map(([n,o])=>[n,$a.has(n)?o:Mn(o)]))}return typeof t=="string"&&t in ps?ps[t]:t}function ne(t){if(t?.format!==Tn)throw new Error("notALesson");if(t.version!==1)throw new Error("newerLesson");return Mn(t)}function Sn(t){return t?.data instanceof Float64Array?An(t):typeof t=="number"&&!Number.isFinite(t)?Number.isNaN(t)?"nan":t>0?"inf":"-inf":Array.isArray(t)?t.map(Sn):t&&typeof t=="object"?Object.fromEntries(Object.entries(t).filter(([,e])=>e!==void 0).map(([e,n])=>[e,Sn(n)])):t}var oe=t=>JSON.stringify(Sn(t)).replaceAll("<","\\u003c");var Ht={sources:{},formulas:{}};function us({sources:t,formulas:e}){Object.assign(Ht,{sources:t,formulas:e})}var ba={binary:"sigmoid",classes:"softmax",numbers:"identity"},ya={optimizer:"gd",hyperparameters:{},learning_rate:.3,l2:0,weight_decay:0,batch_size:null,dropout:0,seed:1},se={gd:.3,momentum:.3,nesterov:.1,rmsprop:.01,adam:.03,adamw:.03,lion:.01};function re(t,{hidden:e=[8,8],activations:n=["tanh","tanh"],training:o={}}={}){let s=ba[t.kind],r={layer_dims:[t.X.rows,...e,t.Y.rows],activations:[...n,et[s].activation],output:s},a={...ya,...o};return a.hyperparameters={...H[a.optimizer].defaults,...a.hyperparameters},{format:Tn,version:1,title:t.name,network:r,training:a,parameters:cs(r,a.seed),data:t,batches:[],masks:null,golden:[],recorded:[],...Ht,code:"",origin:"page",wide:!1}}var ga=2e6,ds=10;function _a(t,e){let n=[],o=new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${e}]*))(?:${e}|$)`,"y");for(;o.lastIndex<=t.length;){let[s,r,a]=o.exec(t)??[];if(s===void 0||(n.push(r?.replaceAll('""','"')??a.trim()),!s.endsWith(e)||o.lastIndex>t.length))break}return n}var ae=t=>t!==""&&Number.isFinite(Number(t));function Ie(t,e="table"){let n=t.split(/\r?\n/).filter(l=>l.trim());if(n.length<2)throw new Error("csv.short");let o=["	",";",","].find(l=>n[0].includes(l))??",",s=n.map(l=>_a(l,o)),r=s[0].length;if(r<2)throw new Error("csv.narrow");if(s.length*r>ga)throw new Error("csv.large");let i=s[0].slice(0,-1).some(l=>!ae(l))?s.shift():Array.from({length:r},(l,d)=>`x${d+1}`),c=s.filter(l=>l.length===r&&l.slice(0,-1).every(ae)&&l[r-1]!=="");if(c.length<2)throw new Error("csv.numbers");return{X:J(Array.from({length:r-1},(l,d)=>ms(c.map(h=>Number(h[d]))))),...wa(c.map(l=>l[r-1])),names:i.slice(0,-1),name:e,left_out:s.length-c.length}}function ms(t){let e=t.reduce((o,s)=>o+s,0)/t.length,n=Math.sqrt(t.reduce((o,s)=>o+(s-e)**2,0)/t.length)||1;return t.map(o=>(o-e)/n)}function wa(t){let e=[...new Set(t)].sort((o,s)=>ae(o)&&ae(s)?o-s:o<s?-1:1),n=t.every(o=>Number.isInteger(Number(o)));if(e.length===2)return{Y:J([t.map(o=>e.indexOf(o))]),classes:e,kind:"binary"};if(t.every(ae)&&!(n&&e.length<=ds))return{Y:J([ms(t.map(Number))]),classes:null,kind:"numbers"};if(e.length>ds||e.length<2)throw new Error("csv.target");return{Y:J(e.map(o=>t.map(s=>+(s===o)))),classes:e,kind:"classes"}}var Cn=200;function jt(t,e){let n=J([t.map(([o])=>o),t.map(([,o])=>o)]);return e.length===2?{X:n,Y:J([t.map(([,,o])=>o)]),names:["x1","x2"],classes:e,kind:"binary"}:{X:n,Y:J(e.map((o,s)=>t.map(([,,r])=>+(r===s)))),names:["x1","x2"],classes:e,kind:"classes"}}var ht=t=>Array.from({length:Cn},(e,n)=>t(n)),ie=["orange","blue"],fs={circles:t=>jt(ht(e=>{let[n,o]=[(e%2?1:.45)+.09*z(t),2*Math.PI*t()];return[n*Math.cos(o),n*Math.sin(o),e%2]}),ie),xor:t=>jt(ht(()=>{let e=()=>(t()<.5?-1:1)*(.12+.9*t()),[n,o]=[e(),e()];return[n,o,n*o>0?1:0]}),ie),gaussians:t=>jt(ht(e=>[(e%2?.55:-.55)+.3*z(t),(e%2?.5:-.5)+.3*z(t),e%2]),ie),moons:t=>jt(ht(e=>{let n=Math.PI*t(),[o,s]=e%2?[1-Math.cos(n),.45-Math.sin(n)]:[Math.cos(n),Math.sin(n)];return[(o-.5)/1.3+.07*z(t),(s-.22)/1+.07*z(t),e%2]}),ie),spirals:t=>jt(ht(e=>{let n=Math.floor(e/2)/(Cn/2),o=1.75*2*Math.PI*n+e%2*Math.PI,s=.08+n;return[s*Math.sin(o)+.025*z(t),s*Math.cos(o)+.025*z(t),e%2]}),ie),arms:t=>jt(ht(e=>{let n=Math.sqrt(t()),o=2*Math.PI/3*(e%3)+3.2*n+.14*z(t);return[n*Math.cos(o),n*Math.sin(o),e%3]}),["orange","blue","green"]),plane:t=>{let e=ht(()=>[2*t()-1,2*t()-1]),n=J([e.map(([o,s])=>(o+s)/2+.03*z(t))]);return{X:J([e.map(([o])=>o),e.map(([,o])=>o)]),Y:n,names:["x1","x2"],classes:null,kind:"numbers"}},wave:t=>{let e=ht(n=>-1+2*n/(Cn-1));return{X:J([e]),Y:J([e.map(n=>Math.sin(4*n)/1.5+.06*z(t))]),names:["x"],classes:null,kind:"numbers"}}},Ct=Object.keys(fs),le=(t,e=1)=>({...fs[t](Mt(e,4,Ct.indexOf(t))),name:t});function $t(t,e="play"){let n=re(le(t.data),$s(t,le(t.data))),{log:o,...s}=t;St({...n,title:u(`toy.${t.data}`),toy:s},e)}function On(t,e={},n="play"){St(re(t,$s(e,t)),n)}function $s({hidden:t,activations:e,training:n},o){let s=o.X.rows>64?[16,8]:[8,8],r=o.kind==="numbers"?.03:se[n?.optimizer??"gd"];return{hidden:t??s,activations:e??(t??s).map(()=>"tanh"),training:{learning_rate:r,...n}}}function hs(t){St(ne(t),"lab")}function Le(t){let e=ne(t);us(e),St(e,"lab")}var va=/<script type="application\/json" id="deepstep-lesson">([\s\S]*?)<\/script>/;async function En(t,e){try{let n=va.exec(e);if(n)return hs(JSON.parse(n[1]));if(/^\s*\{/.test(e))return hs(JSON.parse(e));On(Ie(e,t.replace(/\.\w+$/,"")))}catch(n){let o=`error.${n.message}`;k({error:u(o)===o?u("error.file"):u(o),screen:"home"})}}function bs(){document.addEventListener("dragover",t=>t.preventDefault()),document.addEventListener("drop",async t=>{t.preventDefault();let[e]=t.dataTransfer?.files??[];e&&await En(e.name,await e.text())})}var ka=Ct.map(t=>le(t)),Nn=({kind:t,classes:e})=>u(`kind.${t}`,{n:e?.length});function xa({data:t}){return f`<li>
<button type="button" class="tile" data-toy=${t.name} onClick=${()=>$t({data:t.name})}>
<${ls} data=${t} size=${132} />
<span class="tile-name">${u(`toy.${t.name}`)}</span>
<span class="tile-kind">${Nn(t)}</span>
</button>
</li>`}function Ma(){let t=D(null),[e,n]=q(""),o=()=>{try{On(Ie(t.current.value))}catch(s){n(u(`error.${s.message}`))}};return f`<section class="card" aria-labelledby="csv-title">
<h3 id="csv-title"><label for="csv">${u("home.csv")}</label></h3>
<p class="quiet" id="csv-hint">${u("home.csvHint")}</p>
<textarea
id="csv"
ref=${t}
rows="5"
spellcheck="false"
aria-describedby="csv-hint csv-error"
placeholder=${u("home.csvExample")}
></textarea>
<p class="error" id="csv-error" role="alert">${e}</p>
<button type="button" class="button" onClick=${o}>${u("home.csvUse")}</button>
</section>`}function Sa(){let{error:t}=x(),e=async n=>{let[o]=n.target.files;o&&await En(o.name,await o.text()),n.target.value=""};return f`<section class="card" aria-labelledby="file-title">
<h3 id="file-title"><label for="file">${u("home.file")}</label></h3>
<p class="quiet" id="file-hint">${u("home.fileHint")}</p>
<input type="file" id="file" accept=".html,.json,.csv,.txt,.tsv" aria-describedby="file-hint file-error" onChange=${e} />
<p class="error" id="file-error" role="alert">${t}</p>
</section>`}function Pn(){let{session:t}=x();return f`<div class="home">
<div class="hero">
<h1>${u("home.title")}</h1>
<p class="lead">${u("home.lead")}</p>
<p class="quiet">${u("app.offline")}</p>
${t?f`<p><button
type="button"
class="button"
onClick=${()=>ft(t.isRecorded?"lab":"play")}
>${u("home.continue",{title:t.lesson.title})}</button></p>`:null}
</div>
<h2>${u("home.play")}</h2>
<ul class="tiles">${ka.map(e=>f`<${xa} data=${e} key=${e.name} />`)}</ul>
<h2>${u("home.open")}</h2>
<div class="home-open"><${Ma} /><${Sa} /></div>
</div>`}function ys(t,e,n,o){Number.isFinite(o)&&(te(),$.session.edit($.k-1,t,e,n,o),k({born:null,check:null}),F($.k))}function Ut(t){Object.keys(t).some(e=>e!=="learning_rate")&&te(),$.server?.on&&$.server.send({do:"set",learning_rate:t.learning_rate}),$.session.retrain($.k-1,t),k({born:null}),F($.k)}function gs(){let{session:t,k:e}=$,n=t.log.slice(0,-1),o=new It({...t.lesson,resume:void 0});t.base&&o.startFrom(t),o.replay(n.filter(({t:s})=>s>=(t.base?.t??0))),k({session:o,born:null}),F(Math.min(e,t.latest.t+1))}function Ta(){let{session:t}=$,{layer_dims:e,activations:n}=t.network;return{hidden:e.slice(1,-1),activations:n.slice(0,-1),training:{...t.trainingAt($.k),hyperparameters:{...t.trainingAt($.k).hyperparameters}}}}function Ot(t={},e=void 0){let{lesson:n}=$.session,o={...Ta(),...t};if(e!==void 0&&(o.training.seed=e),n.toy&&$.session.datas.length<2)return $t({data:n.toy.data,...o},$.screen);St({...re($.session.dataAt($.k),o),title:n.title},$.screen)}function qe(t,e){te(),$.session.add($.k-1,t,e),k({born:null,check:null}),F($.k)}var In=(t,e)=>t.kind==="classes"?t.classes.map((n,o)=>+(o===e)):[Number(e)];function Aa({data:t}){let{paint:e}=x(),[n,o]=q(()=>Array(t.X.rows).fill(0)),[s,r]=q(0),a=t.names??[],i=c=>{c.preventDefault(),qe(n,In(t,s))};return f`<details class="paint" open=${e!==null}>
<summary>${u("play.paint")}</summary>
<form onSubmit=${i}>
<p class="quiet">${u("play.paintHint")}</p>
<div class="fields">
${n.map((c,p)=>f`<label class="field is-number" key=${p}><span>${a[p]??`x${p+1}`}</span><input
type="number"
step="any"
required
value=${c}
onChange=${l=>o(n.map((d,h)=>h===p?l.target.valueAsNumber||0:d))}
/></label>`)}
${t.classes?f`<label class="field"><span>${u("play.class")}</span><select
value=${s}
onChange=${c=>(r(Number(c.target.value)),k({paint:Number(c.target.value)}))}
>${t.classes.map((c,p)=>f`<option value=${p}>${c}</option>`)}</select></label>`:f`<label class="field is-number"><span>Y</span><input
type="number"
step="any"
value=${s}
onChange=${c=>r(c.target.valueAsNumber||0)}
/></label>`}
</div>
<div class="row">
<button type="submit" class="button is-quiet">${u("play.addPoint")}</button>
${t.classes&&t.X.rows>=2?f`<label class="choice"><input
type="checkbox"
checked=${e!==null}
onChange=${c=>k({paint:c.target.checked?s:null})}
/> ${u("play.paint")}</label>`:null}
</div>
</form>
</details>`}function _s(){let{session:t,k:e}=x(),{lesson:n}=t,o=t.dataAt(e),s=n.toy?.data??"",r=a=>a.target.value&&$t({data:a.target.value});return f`<section class="card" aria-labelledby="data-title">
<h2 id="data-title">${u("play.data")}</h2>
<label class="field"><span>${u("play.set")}</span>
<select value=${s} onChange=${r}>
${s?null:f`<option value="">${o.name??n.title}</option>`}
${Ct.map(a=>f`<option value=${a}>${u(`toy.${a}`)}</option>`)}
</select>
</label>
<p class="quiet">${u("play.examples",{n:o.X.cols,x:o.X.rows})} · ${Nn(o)}</p>
${o.X.rows<=4?f`<${Aa} data=${o} key=${`${o.X.rows}${o.kind}`} />`:null}
</section>`}var Ca=[1e-4,3e-4,.001,.003,.01,.03,.1,.3,1,3,10],Oa=[0,.001,.01,.1,.3,1,3,10],Ea=[null,1,8,16,32,64,128],Na=[0,.1,.2,.3,.5];function ce({label:t,value:e,choices:n,show:o=String,onPick:s,name:r}){let a=n.includes(e)?n:[...n,e].sort((i,c)=>i-c);return f`<label class="field"><span>${t}</span>
<select data-setting=${r} value=${String(e)} onChange=${i=>s(a[i.target.selectedIndex])}>
${a.map(i=>f`<option value=${String(i)}>${o(i)}</option>`)}
</select>
</label>`}function ws(){let{session:t,k:e}=x(),n=t.trainingAt(e),o=s=>Ut({optimizer:s,hyperparameters:{...H[s].defaults},weight_decay:H[s].weight_decay??0,learning_rate:t.lesson.data.kind==="numbers"?se[s]/10:se[s]});return f`<section class="card" aria-labelledby="training-title">
<h2 id="training-title">${u("play.training")}</h2>
<div class="fields">
<${ce}
name="optimizer"
label=${u("play.optimizer")}
value=${n.optimizer}
choices=${Object.keys(H)}
onPick=${o}
/>
<${ce}
name="learning_rate"
label=${u("play.rate")}
value=${n.learning_rate}
choices=${Ca}
onPick=${s=>Ut({learning_rate:s})}
/>
<${ce}
name="l2"
label=${u("play.l2")}
value=${n.l2}
choices=${Oa}
onPick=${s=>Ut({l2:s})}
/>
<${ce}
name="batch_size"
label=${u("play.batch")}
value=${n.batch_size}
choices=${Ea}
show=${s=>s===null?u("play.all"):String(s)}
onPick=${s=>Ut({batch_size:s})}
/>
<${ce}
name="dropout"
label=${u("play.dropout")}
value=${n.dropout}
choices=${Na}
onPick=${s=>Ut({dropout:s})}
/>
</div>
<div class="row">
<button
type="button"
class="button is-quiet"
data-action="restart"
onClick=${()=>Ot({},(n.seed??0)+1)}
>
${u("play.restart")}
</button>
${t.log.length?f`<button type="button" class="button is-quiet" data-action="undo" onClick=${gs}>${u("play.undo")}</button>`:null}
</div>
</section>`}var j=44,Pa=6e4,Ln=new WeakMap;function Ia({X:t}){if(!Ln.has(t)){let e=new Float64Array(t.rows);for(let n=0;n<t.rows;n++)for(let o=0;o<t.cols;o++)e[n]+=t.data[n*t.cols+o]/t.cols;Ln.set(t,e)}return Ln.get(t)}var qn=new WeakMap;function La(t){if(!qn.has(t)){let e=kn(t),n=t.X.rows,o=N(n,n===1?j:j*j),s=Ia(t);for(let r=0;r<o.cols;r++){let[a,i]=[r%j/(j-1),1-Math.floor(r/j)/(j-1)];for(let c=0;c<n;c++){let p=c===0?e.x[0]+a*(e.x[1]-e.x[0]):c===1?e.y[0]+i*(e.y[1]-e.y[0]):s[c];o.data[c*o.cols+r]=p}}qn.set(t,{frame:e,grid:o})}return qn.get(t)}function vs(t,e,n){if(t.size>Pa)return{frame:null,values:null,high:0};let{frame:o,grid:s}=La(e),r=xt({network:t.network,training:{},parameters:n,X:s,Y:null});return{frame:o,values:r,high:e.X.rows===1?1:j}}function v(t,e=4){if(Number.isNaN(t))return"NaN";if(!Number.isFinite(t))return t>0?"∞":"−∞";if(t===0)return"0";let n=Math.abs(t),o=n>=1e5||n<.001?n.toExponential(e-2).replace(/\.?0+e/,"e").replace("e+","e"):Number(n.toPrecision(e)).toString();return(t<0?"−":"")+o.replace("e-","e−")}function ks(t,e){let n=t>0?Math.floor(Math.log10(t)+1e-9):0,o=n<-1||n>3?n:0;return{power:o,places:Math.max(0,e-Math.max(0,n-o))}}function xs(t,{power:e,places:n}){if(t===0||!Number.isFinite(t))return v(t);let o=Math.abs(e<0?t*10**-e:t/10**e),s=Number.isInteger(o)?String(o):o.toFixed(n);return(t<0?"−":"")+s}var qa={"-":"⁻",0:"⁰",1:"¹",2:"²",3:"³",4:"⁴",5:"⁵",6:"⁶",7:"⁷",8:"⁸",9:"⁹"},Ms=t=>t?`× 10${[...String(t)].map(e=>qa[e]).join("")}`:"",Et=t=>Object.is(t,-0)?"-0":Number.isFinite(t)?String(t):Number.isNaN(t)?"nan":t>0?"inf":"-inf",Re=t=>t<1e3?`${t} B`:t<1e6?`${Math.round(t/1e3)} kB`:`${(t/1e6).toFixed(1)} MB`;var Fe=8,[pe,Rn,De]=[38,10,88],Ra=Object.keys(mt).filter(t=>t!=="softmax");function Ss({A:t,row:e,high:n}){let o=D(null);return W(()=>{if(!t)return;let s=o.current.getContext("2d"),r=s.createImageData(j,n),a=K(),i=1;for(let c=0;c<t.cols;c++)i=Math.max(i,Math.abs(t.data[e*t.cols+c]));for(let c=0;c<t.cols;c++)r.data.set([...pt(t.data[e*t.cols+c]/i,a),255],4*c);s.putImageData(r,0,0)}),f`<canvas ref=${o} width=${j} height=${Math.max(1,n)} aria-hidden="true"></canvas>`}function Fa({l:t,dims:e,activations:n,output:o}){if(t===0)return f`<div class="layer-head"><b>${u("play.inputs")}</b></div>`;let s=t===e.length-1,r=e.slice(1,-1),a=c=>Ot({hidden:r.map((p,l)=>l===t-1?p+c:p)}),i=c=>Ot({activations:n.slice(0,-1).map((p,l)=>l===t-1?c:p)});return f`<div class="layer-head">
<b>${s?u("play.outputLayer"):u("play.layer",{l:t})}</b>
${s?f`<span class="quiet">${o}</span>`:f`<span class="stepper">
<button
type="button"
aria-label=${u("play.fewerUnits",{l:t})}
disabled=${e[t]<=1}
onClick=${()=>a(-1)}
>−</button>
<span>${e[t]}</span>
<button
type="button"
aria-label=${u("play.moreUnits",{l:t})}
disabled=${e[t]>=16}
onClick=${()=>a(1)}
>+</button>
</span>
<select
aria-label=${u("play.activation",{l:t})}
value=${n[t-1]}
onChange=${c=>i(c.target.value)}
>
${Ra.map(c=>f`<option value=${c}>${c}</option>`)}
</select>`}
</div>`}function Ts({parameters:t,surface:e}){let{session:n,unitOpen:o}=x(),{layer_dims:s,activations:r,output:a}=n.network,{names:i}=n.lesson.data,c=_=>Math.min(_,Fe),l=Math.max(...s.map(c))*(pe+Rn),d=(_,w)=>(l-c(s[_])*(pe+Rn))/2+w*(pe+Rn)+pe/2,h=_=>100*(_+.5)/s.length,m=(_,w)=>Array.from({length:c(_)},(S,A)=>w(A)),b=s.slice(1).flatMap((_,w)=>{let S=t[`W${w+1}`],A=Dt(S)||1;return m(s[w],U=>m(_,X=>{let Y=C(S,X,U);return f`<line
key=${`${w}.${U}.${X}`}
class=${Y<0?"is-negative":"is-positive"}
x1=${`${h(w)}%`} y1=${d(w,U)} x2=${`${h(w+1)}%`} y2=${d(w+1,X)}
stroke-width=${(.5+3.5*Math.abs(Y)/A).toFixed(2)}
stroke-opacity=${(.25+.65*Math.abs(Y)/A).toFixed(2)}
/>`}))}),g=s.slice(1,-1),y=r.slice(0,-1);return f`<div class="depth">
<span id="depth-label">${u("play.layers")}</span>
<span class="stepper" role="group" aria-labelledby="depth-label">
<button
type="button"
aria-label=${u("play.fewerLayers")}
disabled=${g.length<=1}
onClick=${()=>Ot({hidden:g.slice(0,-1),activations:y.slice(0,-1)})}
>−</button>
<span>${g.length}</span>
<button
type="button"
aria-label=${u("play.moreLayers")}
disabled=${g.length>=5}
onClick=${()=>Ot({hidden:[...g,4],activations:[...y,y.at(-1)??"tanh"]})}
>+</button>
</span>
</div>
<div class="network-scroll" tabindex="0" role="group" aria-label=${u("play.network")}>
<div
class="network"
style=${{height:`${De+l+(Math.max(...s)>Fe?20:8)}px`,minWidth:`${s.length*80}px`}}
>
<svg class="links" aria-hidden="true" style=${{top:`${De}px`,height:`${l}px`}}>${b}</svg>
${s.map((_,w)=>f`<div class="layer" key=${w} style=${{left:`${100*w/s.length}%`,width:`${100/s.length}%`}}>
<${Fa} l=${w} dims=${s} activations=${r} output=${a} />
${m(_,S=>{let A=o?.[0]===w&&o?.[1]===S,U={top:`${De+d(w,S)-pe/2}px`};if(w===0)return f`<span class="unit is-input" key=${S} style=${U} title=${i?.[S]}><${Ss}
A=${e.values?.get("A0")}
row=${S}
high=${e.high}
/><span class="unit-name">${i?.[S]??`x${S+1}`}</span></span>`;let X=v(C(t[`b${w}`],S,0),2);return f`<button
type="button"
key=${S}
class=${`unit${A?" is-open":""}`}
style=${U}
aria-pressed=${A?"true":"false"}
aria-label=${u("play.unitLabel",{j:S,l:w,b:X})}
onClick=${()=>k({unitOpen:[w,S]})}
>
<${Ss} A=${e.values?.get(`A${w}`)} row=${S} high=${e.high} />
<span class="unit-bias" aria-hidden="true">${X}</span>
</button>`})}
${_>Fe?f`<span
class="unit-more"
style=${{top:`${De+l-4}px`}}
>${u("play.more",{n:_-Fe})}</span>`:null}
</div>`)}
</div>
</div>
<p class="quiet note">${u("play.legend")}</p>`}var Fn=16;function As({label:t,name:e,row:n,col:o,value:s}){return f`<label class="field is-number">
<span>${t}</span>
<input
type="number"
step="0.1"
value=${Number(s.toPrecision(6))}
data-tensor=${e}
data-row=${n}
data-col=${o}
data-value=${String(s)}
onChange=${r=>ys(e,n,o,r.target.valueAsNumber)}
/>
</label>`}function Cs({parameters:t}){let{session:e,unitOpen:n}=x(),{layer_dims:o}=e.network,[s,r]=n??[o.length-1,0];if(!(s<o.length&&r<o[s]))return null;let a=t[`W${s}`],{names:i}=e.lesson.data,c=p=>s===1?i?.[p]??`x${p+1}`:`A${s-1}[${p}]`;return f`<section class="unit-panel" aria-labelledby="unit-title">
<div class="unit-panel-head">
<h3 id="unit-title">${u("play.unit",{j:r,l:s})}</h3>
<button
type="button"
class="button is-quiet is-small"
onClick=${()=>ct({name:`Z${s}`,row:r,col:0})}
>${u("play.look",{l:s})}</button>
</div>
<div class="fields">
<${As} label=${u("play.bias")} name=${`b${s}`} row=${r} col=${0} value=${C(t[`b${s}`],r,0)} />
${Array.from({length:Math.min(a.cols,Fn)},(p,l)=>f`<${As}
key=${l}
label=${u("play.weightFrom",{from:c(l)})}
name=${`W${s}`}
row=${r}
col=${l}
value=${C(a,r,l)}
/>`)}
</div>
${a.cols>Fn?f`<p class="quiet">${u("play.moreWeights",{n:a.cols-Fn,l:s})}</p>`:null}
</section>`}var nt=320;function Da(t,e,n,o){if(n==="numbers")return pt(t.data[e],o);if(n==="binary")return pt((2*t.data[e]-1)*(o?.6:.75),o);let s=0;for(let i=1;i<t.rows;i++)t.data[i*t.cols+e]>t.data[s*t.cols+e]&&(s=i);let r=(o?.5:.65)*t.data[s*t.cols+e],a=o?[20,24,30]:[255,255,255];return Ft[s%Ft.length].map((i,c)=>Math.round(a[c]+(i-a[c])*r))}function Wa(t,e,n){let o=K(),s=document.createElement("canvas");s.width=s.height=j;let r=s.getContext("2d"),a=r.createImageData(j,j);for(let i=0;i<j*j;i++)a.data.set([...Da(e,i,n,o),255],4*i);r.putImageData(a,0,0),t.imageSmoothingEnabled=!0,t.drawImage(s,0,0,2*nt,2*nt)}function Ha(t,e,n){t.clearRect(0,0,2*nt,2*nt),t.beginPath();for(let o=0;o<e.cols;o++){let s=2*nt*(1-(e.data[o]-n.y[0])/(n.y[1]-n.y[0]));t[o?"lineTo":"moveTo"](2*nt*o/(e.cols-1),s)}t.lineWidth=6,t.strokeStyle=K()?"#f0a860":"#b34700",t.stroke()}function ja({network:t},e,n){let o=Zo(t,n,e.X);if(e.kind==="numbers"){let r=0;for(let a=0;a<o.data.length;a++)r+=(o.data[a]-e.Y.data[a])**2;return u("play.error",{value:v(r/o.cols)})}let s=0;for(let r=0;r<o.cols;r++)s+=Wt({Y:o},r)===Wt(e,r)?1:0;return u("play.accuracy",{n:s,m:o.cols})}function Os({parameters:t,surface:e}){let{session:n,k:o,paint:s}=x(),r=D(null),a=n.dataAt(o),i=n.network.activations.length,{frame:c,values:p}=e;W(()=>{if(!p)return;let b=r.current.getContext("2d"),g=p.get(`A${i}`);a.X.rows===1?(b.clearRect(0,0,2*nt,2*nt),Ha(b,g,c)):Wa(b,g,a.kind),xn(b,a,c,2*nt,6)});let l=b=>{if(s===null||a.X.rows!==2)return;let g=r.current.getBoundingClientRect(),[y,_]=[(b.clientX-g.left)/g.width,1-(b.clientY-g.top)/g.height];qe([c.x[0]+y*(c.x[1]-c.x[0]),c.y[0]+_*(c.y[1]-c.y[0])],In(a,s))},[d,h]=[a.names?.[0]??"x1",a.X.rows===1?"Y":a.names?.[1]??"x2"],m=ja(n,a,t);return f`<section class="card" aria-labelledby="map-title">
<div class="card-head"><h2 id="map-title">${u("play.map")}</h2><span class="quiet" data-fit>${m}</span></div>
${p?f`<canvas
class=${`decision${s===null?"":" is-painting"}`}
ref=${r}
width=${2*nt}
height=${2*nt}
role="img"
aria-label=${`${u("play.mapText",{x:d,y:h})} ${m}`}
onClick=${l}
></canvas>`:null}
${a.X.rows>2&&p?f`<p class="quiet note">${u("play.mapHint",{x:d,y:h})}</p>`:null}
</section>`}var[We,Bt,Yt,Dn]=[320,132,40,20],Ua=300;function Es(t,e){let n=Math.max(1,Math.ceil(t.length/e)),o=[];for(let s=0;s<t.length;s+=n)t[s]!==void 0&&o.push([s+1,t[s]]);return t.length&&o.at(-1)?.[0]!==t.length&&o.push([t.length,t.at(-1)]),o}function Ns(){let{session:t,k:e}=x(),{costs:n}=t,o=Es(n,Ua),s=Math.max(...o.map(([,d])=>d),1e-12),r=o.reduce((d,[,h])=>Math.min(d,h),1/0),a=d=>Yt+(We-Yt-6)*(d-1)/Math.max(1,n.length-1),i=d=>8+(Bt-Dn-8)*(1-d/s),c=n.length?u("play.costText",{first:v(o[0][1]),last:v(n.at(-1)),low:v(r),n:n.length}):u("play.costNone"),p=o.findLast(([d])=>d<=e)??o[0],l=n[e-1]===void 0?p:[e,n[e-1]];return f`<section class="card" aria-labelledby="cost-title">
<div class="card-head"><h2 id="cost-title">${u("play.cost")}</h2>${n.length?f`<span class="quiet">${v(l[1])}</span>`:null}</div>
<svg class="curve" viewBox=${`0 0 ${We} ${Bt}`} role="img" aria-label=${c}>
<path class="axis" d=${`M${Yt} 8V${Bt-Dn}H${We-6}`} />
${n.length?f`<text x=${Yt-5} y="13" text-anchor="end">${v(s,3)}</text>
<text x=${Yt-5} y=${Bt-Dn} text-anchor="end">0</text>
<text x=${Yt} y=${Bt-5}>1</text>
<text x=${We-6} y=${Bt-5} text-anchor="end">${n.length}</text>
<path
class="line"
d=${o.map(([d,h],m)=>`${m?"L":"M"}${a(d).toFixed(1)} ${i(h).toFixed(1)}`).join("")}
/>
<circle class="dot" cx=${a(l[0])} cy=${i(l[1])} r="4" />`:null}
</svg>
<p class="quiet note">${c}</p>
${n.length?f`<details>
<summary>${u("play.table")}</summary>
<table class="plain">
<thead><tr><th>${u("bar.unit.update")}</th><th>J</th></tr></thead>
<tbody>${Es(n,12).map(([d,h])=>f`<tr key=${d}><th scope="row"><button
type="button"
class="link"
onClick=${()=>F(d)}
>${d}</button></th><td data-value=${String(h)}>${v(h)}</td></tr>`)}</tbody>
</table>
</details>`:null}
</section>`}function Wn({data:t}){let e=0;for(let n of t)e+=n*n;return Math.sqrt(e/t.length)}var Ba=new Set(["relu"]),Ps={tanh:.97,sigmoid:.97};function Ya(t){let e=0;for(let n=0;n<t.rows;n++)t.data.subarray(n*t.cols,(n+1)*t.cols).every(o=>o===0)&&(e+=1);return e}function Za(t,e){let n=Ps[e],o=0;for(let s of t.data)(e==="tanh"?Math.abs(s)>n:s>n||s<1-n)&&(o+=1);return o/t.data.length}function Is({problem:t,values:e}){let{activations:n}=t.network;return n.map((o,s)=>{let r=s+1,[a,i]=[e.get(`W${r}`),e.get(`W${r}′`)],c={data:a.data.map((l,d)=>i.data[d]-l)},p=e.get(`g(Z${r})`)??e.get(`A${r}`);return{layer:r,activation:o,gradient:Wn(e.get(`dW${r}`)),ratio:Wn(c)/(Wn(a)||1),...Ba.has(o)?{dead:Ya(p)}:{},...o in Ps&&r<n.length?{saturated:Za(p,o)}:{}}})}function Xa({dead:t,saturated:e}){return t?f`<span class="is-bad">${u("layers.dead",{n:t})}</span>`:e>.5?f`<span class="is-bad">${u("layers.saturated",{share:Math.round(100*e)})}</span>`:f`<span class="is-good">✓</span>`}function Ls(){let t=Is(I()),e=Math.max(...t.map(({gradient:n})=>n))||1;return f`<section class="card" aria-labelledby="layers-title">
<h2 id="layers-title">${u("layers.title")}</h2>
<div class="table-scroll">
<table class="plain layers">
<thead><tr><th>${u("layers.layer")}</th><th>${u("layers.gradient")}</th><th>${u("layers.ratio")}</th><th>${u("layers.units")}</th></tr></thead>
<tbody>
${t.map(n=>f`<tr key=${n.layer}>
<th scope="row">${n.layer}</th>
<td><span
class="layers-bar"
style=${{width:`${Math.max(2,44*(n.gradient/e))}px`}}
></span>${v(n.gradient,2)}</td>
<td>${v(n.ratio,2)}</td>
<td>${Xa(n)}</td>
</tr>`)}
</tbody>
</table>
</div>
</section>`}function qs(){let{session:t,k:e}=x(),{parameters:n}=t.state(e-1),o=vs(t,t.dataAt(e),n);return f`<div class="play">
<h1 class="visually-hidden">${u("screen.play")}</h1>
<div class="play-left">
<${_s} />
<${ws} />
</div>
<section class="card play-network" aria-labelledby="network-title">
<h2 id="network-title">${u("play.network")}</h2>
<${Ts} parameters=${n} surface=${o} />
<${Cs} parameters=${n} />
</section>
<div class="play-right">
<${Os} parameters=${n} surface=${o} />
<${Ns} />
<${Ls} />
</div>
</div>`}var Ja=/^(?:(v|s|v̂|ŝ)_)?(d)?(?:(g)\()?(A|Z|W|b|mask)(\d+)\)?(_decayed|_data|_L2|′|⁻)?$/u;function bt(t){let e=Ja.exec(t);if(!e)return null;let[,n,o,s,r,a,i]=e;return{slot:n,derivative:!!o,before:!!s,letter:r,layer:Number(a),suffix:i??""}}function He(t){let e=bt(t);if(t==="loss")return["axis.one","axis.examples"];if(t==="Y")return["axis.outputs","axis.examples"];if(t.startsWith("J"))return["axis.one","axis.one"];if(!e)return["axis.rows","axis.columns"];let n=e.layer===0?"axis.inputs":"axis.units";return e.letter==="W"?[n,e.layer===1?"axis.inputs":"axis.unitsBefore"]:e.letter==="b"?[n,"axis.one"]:[n,"axis.examples"]}function at({name:t}){let e=bt(t);if(!e)return f`<span class="name"><i>${t.startsWith("J_")?f`J<sub>${t.slice(2)}</sub>`:t}</i></span>`;let{slot:n,derivative:o,before:s,letter:r,layer:a,suffix:i}=e,c=f`<i>${o?"d":""}${s?"g(":""}${r==="mask"?"mask":r}</i><sup>[${a}]</sup>${s?f`<i>)</i>`:""}`,p=i==="′"?"′":i==="⁻"?"":i.replace("_"," ");return f`<span class="name">${n?f`<i>${n}</i><sub>${c}</sub>`:c}${i==="⁻"?f`<sub>before</sub>`:p}</span>`}var ue=(...t)=>f`<mrow>${t}</mrow>`;function Rs(t,e){let n=bt(t),o=(b,...g)=>f`<msup>${b}<mrow>${g}</mrow></msup>`,s=e?f`<mi>T</mi>`:null;if(!n)return t.startsWith("J_")?f`<msub><mi>J</mi><mi>${t.slice(2)}</mi></msub>`:f`<mi>${t}</mi>`;let{slot:r,derivative:a,before:i,letter:c,layer:p,suffix:l}=n,d=[f`<mo stretchy="false">[</mo>`,f`<mn>${p}</mn>`,f`<mo stretchy="false">]</mo>`,s],h=o(a?ue(f`<mi>d</mi>`,f`<mi>${c}</mi>`):f`<mi>${c}</mi>`,...d),m=i?ue(f`<mi>${a?"dg":"g"}</mi>`,f`<mo>(</mo>`,o(f`<mi>${c}</mi>`,...d),f`<mo>)</mo>`):h;return r?f`<msub><mi>${r}</mi>${ue(m)}</msub>`:l==="′"?ue(m,f`<mo>′</mo>`):l.startsWith("_")?f`<msub>${m}<mi>${l.slice(1)}</mi></msub>`:m}var za=/^(.+)\/(.+)$/;function Ga(t){let e=za.exec(t);return e?f`<mfrac><mi>${e[1]}</mi><mi>${e[2]}</mi></mfrac><mspace width="0.2em" />`:/^[a-zα-ω][a-z_α-ω₀-₉]*′?$/u.test(t)?f`<mi mathvariant=${t.length>1?"normal":void 0}>${t}</mi>`:/^(\d+|log)$/.test(t)?f`<mn>${t}</mn>`:f`<mo stretchy="false">${t}</mo>`}function Va(t){return typeof t=="string"?Ga(t):t.power?f`<msup><mi>e</mi>${ue(Rs(t.power.name))}</msup>`:Rs(t.name,t.transposed)}var Hn={momentum:{v:["β","v","+","(1 − β)","g"],theta:["−","α","v"]},nesterov:{v:["β","v","−","α","g"],theta:["+","β","v","−","α","g"]},rmsprop:{s:["β","s","+","(1 − β)","g²"],theta:["−","α","g / (√s + ε)"]},adam:{v:["β₁","v","+","(1 − β₁)","g"],s:["β₂","s","+","(1 − β₂)","g²"],theta:["−","α","v̂ / (√ŝ + ε)"]},lion:{v:["β₂","v","+","(1 − β₂)","g"],theta:["−","α","sign(β₁v + (1 − β₁)g)"]}};Hn.adamw=Hn.adam;var Ka={sigmoid:t=>["Σ","(","log","(","1","+",{power:t},")","−",{name:"Y"},"∘",t,")"],softmax:t=>["log","Σ",{power:t},"−","Σ",{name:"Y"},"∘",t],identity:t=>["1/2","Σ","(",t,"−",{name:"Y"},")","²"]};function Fs({step:t,optimizer:e,output:n}){if(t.formula)return f`<span class="equation is-text">${t.formula}</span>`;let{tokens:o}=t,s=Hn[e];t.kind==="slot"&&s&&(o=[o[0],"=",...s[bt(t.id).slot]]),t.kind==="update"&&s&&(o=[o[0],"=",o[2],...s.theta]);let r={name:`d${bt(t.id)?.letter}${t.layer}`};return t.phase==="update"&&(o=o.flatMap(a=>a==="g"?[r]:a==="g²"?[r,"²"]:[a])),t.kind==="loss"&&(o=[o[0],"=",...Ka[n](o[4])]),t.kind==="batch"&&(o=[o[0],"=",{name:"X"}]),f`<math class="equation" display="block">
<mrow>${o.map(Va)}</mrow>
</math>`}function Qa(t){let e=[];return t.forEach((n,o)=>{e.at(-1)?.phase!==n.phase&&e.push({phase:n.phase,steps:[]}),e.at(-1).steps.push({...n,at:o})}),e}function Ds(){let{micro:t}=x(),e=D(null),{steps:n}=I();lt(()=>{let s=e.current,r=requestAnimationFrame(()=>{let a=s.querySelector('[aria-current="step"]');a&&(s.scrollLeft=a.offsetLeft-s.clientWidth/2+a.offsetWidth/2)});return()=>cancelAnimationFrame(r)},[t,n]);let o=s=>{let r={Home:0,End:n.length-1}[s.key];r!==void 0&&(s.preventDefault(),Tt(r))};return f`<nav class="ribbon" ref=${e} aria-label=${u("lab.steps")} onKeyDown=${o}>
${Qa(n).map(({phase:s,steps:r})=>f`<div class=${`ribbon-group phase-${s}`} key=${r[0].id}>
<span class="ribbon-phase" id=${`phase-${r[0].at}`}>${u(`phase.${s}`)}</span>
<ol aria-labelledby=${`phase-${r[0].at}`}>
${r.map(({id:a,at:i})=>f`<li key=${a}>
<button
type="button"
class="ribbon-step"
data-micro=${a}
tabindex=${i===t?0:-1}
aria-current=${i===t?"step":void 0}
onClick=${()=>Tt(i)}
>
<${at} name=${a} />
</button>
</li>`)}
</ol>
</div>`)}
</nav>`}var ti=320,Ws=112;function ei(t,e,n,o,s){let r=t.createImageData(o,s),a=Dt(e)||1,i=K(),[c,p]=n?[e.cols,e.rows]:[e.rows,e.cols];for(let l=0;l<s;l++){let[d,h]=[Math.floor(l*c/s),Math.max(Math.floor((l+1)*c/s),Math.floor(l*c/s)+1)];for(let m=0;m<o;m++){let[b,g]=[Math.floor(m*p/o),Math.max(Math.floor((m+1)*p/o),Math.floor(m*p/o)+1)],y=0,_=0,w=Math.ceil((h-d)/4),S=Math.ceil((g-b)/4);for(let Y=d;Y<h;Y+=w)for(let B=b;B<g;B+=S,_++)y+=n?e.data[B*e.cols+Y]:e.data[Y*e.cols+B];let[A,U,X]=pt(y/_/a,i);r.data.set([A,U,X,255],4*(l*o+m))}}t.putImageData(r,0,0)}function Hs({matrix:t,transposed:e=!1,window:n,onPick:o}){let s=D(null),[r,a]=e?[t.cols,t.rows]:[t.rows,t.cols],i=Math.min(a,ti),c=Math.min(r,Ws);W(()=>ei(s.current.getContext("2d"),t,e,i,c),[t,e,K()]);let p=Math.max(18,Math.min(Ws,c*(r>24?1:5))),l=h=>{let m=h.currentTarget.getBoundingClientRect(),b=(g,y,_,w)=>Math.max(0,Math.min(w-1,Math.floor((g-y)/_*w)));o(b(h.clientY,m.top,m.height,r),b(h.clientX,m.left,m.width,a))},d=(h,m)=>`${100*h/m}%`;return f`<div class="heat" aria-hidden="true" onClick=${l} style=${{height:`${p}px`}}>
<canvas ref=${s} width=${i} height=${c}></canvas>
<span
class="heat-window"
style=${{left:d(n.c0,a),top:d(n.r0,r),width:d(n.c1-n.c0,a),height:d(n.r1-n.r0,r)}}
></span>
</div>`}var ni=16,jn=8;function js(t,e,n,o=ni){if(t<=o)return[0,t];let s=Math.min(Math.floor((e??0)/n)*n,t-n);return[s,s+n]}var[de,Zt]=[{cell:56,decimals:4},{cell:44,decimals:3}],Us=[{whole:16,few:6,...de},{whole:16,few:4,...de},{whole:16,few:4,...Zt},{whole:16,few:3,...Zt},{whole:8,few:5,...de},{whole:8,few:4,...Zt},{whole:8,few:3,...Zt},{whole:6,few:5,...Zt},{whole:6,few:4,...Zt}],oi={whole:4,few:4,...de},[Un,Bs]=[26,100];function Ys(t,e,n){let o=n.reduce((a,i)=>a+Math.max(14,10*i.length)+13,0),s=({whole:a,few:i,cell:c})=>o+e.reduce((p,l)=>p+Math.max(Bs,Un+c*(l<=a?l:i)),0),r=Us.find(a=>s(a)<=t);return r||(t<560?{...oi,few:Math.max(2,Math.floor((t-Un)/de.cell))}:Us[5])}function me(t,e){let n=t.get(e);if(typeof n=="number")return{rows:1,cols:1,data:Float64Array.of(n)};if(n)return n;let o=t.get(e.replace(/^.+?_d|⁻$/gu,"").replace("⁻",""));return o?{rows:o.rows,cols:o.cols,data:new Float64Array(o.data.length)}:null}var si={ArrowUp:(t,e)=>[t-1,e],ArrowDown:(t,e)=>[t+1,e],ArrowLeft:(t,e)=>[t,e-1],ArrowRight:(t,e)=>[t,e+1],Home:t=>[t,0],End:t=>[t,1/0],PageUp:(t,e)=>[t-jn,e],PageDown:(t,e)=>[t+jn,e]};function Zs({name:t,matrix:e,size:n,transposed:o=!1,lit:s,result:r=!1}){let{cursor:a}=x(),i=D(null),c=(T,O)=>o?[O,T]:[T,O],[p,l]=c(e.rows,e.cols),d=a?.name===t?a:null,h=s.find(T=>T.name===t),[m,b]=d?c(d.row,d.col):h?c(h.row,h.col):[0,0],[g,y]=js(p,m,jn),[_,w]=js(l,b,n.few,n.whole),S=Dt(e),A=ks(S,n.decimals),U=Ms(A.power),X=[...y-g<p?[u("lab.rows",{from:g,to:y-1,of:p})]:[],...w-_<l?[u("lab.columns",{from:_,to:w-1,of:l})]:[]],Y=X.length===0;lt(()=>{!d||!$.focusCursor||($.focusCursor=!1,i.current.querySelector('[tabindex="0"]')?.focus())});let B=(T,O,V)=>{let[st,zt]=[Math.max(0,Math.min(p-1,T)),Math.max(0,Math.min(l-1,O))],[he,$e]=c(st,zt);Rt({name:t,row:he,col:$e},V)},Jt=T=>{let O=T.closest("[data-tensor]");return O&&c(Number(O.dataset.row),Number(O.dataset.col))},ot=T=>{let O=Jt(T.target);if(!O||T.ctrlKey||T.metaKey||T.altKey)return;if(T.key==="Enter")return ct({name:t,row:c(...O)[0],col:c(...O)[1]});let V=si[T.key];!V||T.shiftKey||(T.preventDefault(),T.stopPropagation(),B(...V(...O),!0))},it=T=>{let O=Jt(T.target);O&&B(...O,!0)},[G,Z]=c(...He(t)),xr=(T,O)=>{if(!h)return!1;let[V,st]=c(T,O);return(h.row===null||h.row===V)&&(h.col===null||h.col===st)},Mr=d?c(d.row,d.col)[0]:g,Sr=d?c(d.row,d.col)[1]:_,Je=(T,O)=>Array.from({length:O-T},(V,st)=>T+st),Tr=o?`${t}ᵀ`:t;return f`<figure
class=${`matrix${r?" is-result":""}`}
style=${{"--cell":`${n.cell}px`,width:`${Math.max(Bs,Un+n.cell*(w-_))}px`}}
>
<figcaption>
<span class="matrix-name"><${at} name=${t} />${o?f`<sup>T</sup>`:null}</span>
<span class="matrix-shape">${u("lab.shape",{rows:p,cols:l})}${U?f`<b> ${U}</b>`:null}</span>
</figcaption>
<div class="matrix-scroll">
<div
class="grid"
role="grid"
ref=${i}
aria-label=${`${Tr}, ${u(G)} × ${u(Z)}, ${u("lab.shape",{rows:p,cols:l})}`}
aria-rowcount=${p}
aria-colcount=${l}
onKeyDown=${ot}
onClick=${it}
>
<div class="grid-head" aria-hidden="true">
<span></span>${Je(_,w).map(T=>f`<span key=${T}>${T}</span>`)}
</div>
${Je(g,y).map(T=>f`<div class="grid-row" role="row" aria-rowindex=${T+1} key=${T}>
<span class="grid-index" aria-hidden="true">${T}</span>
${Je(_,w).map(O=>{let[V,st]=c(T,O),zt=e.data[V*e.cols+st],he=xs(zt,A),$e=d&&d.row===V&&d.col===st;return f`<span
key=${O}
role="gridcell"
class=${`cell${$e?" is-cursor":""}${xr(T,O)?" is-lit":""}`}
aria-colindex=${O+1}
aria-selected=${$e?"true":"false"}
aria-label=${u("lab.cell",{name:t,row:V,col:st,value:`${he} ${U}`})}
tabindex=${T===Mr&&O===Sr?0:-1}
data-tensor=${t}
data-row=${V}
data-col=${st}
data-value=${Et(zt)}
style=${{backgroundColor:as(zt,S)}}
>${he}</span
>`})}
</div>`)}
</div>
</div>
<div class="matrix-axes">
${u(G)} × ${u(Z)}
${X.map(T=>f`<br />${T}`)}
</div>
${Y?null:f`<${Hs}
matrix=${e}
transposed=${o}
window=${{r0:g,r1:y,c0:_,c1:w}}
onPick=${(T,O)=>B(T,O,!1)}
/>`}
</figure>`}async function je(t){try{return await navigator.clipboard.writeText(t),!0}catch{let e=Object.assign(document.createElement("textarea"),{value:t});document.body.append(e),e.select();let n=document.execCommand("copy");return e.remove(),n}}function Bn(t,e,n){let o=URL.createObjectURL(new Blob([e],{type:n})),s=Object.assign(document.createElement("a"),{href:o,download:t});document.body.append(s),s.click(),s.remove(),setTimeout(()=>URL.revokeObjectURL(o),1e4)}var P=(t,e,n)=>({name:t,row:e,col:n}),yt=(t,e,n)=>`${t}[${e}, ${n}]`,Xs={batch({opened:t},e,n){return{symbols:`A0[${e}, ${n}] = X[${e}, ${t.problem.batch[n]}]`,code:`X[${e}, ${t.problem.batch[n]}]`,lit:[]}},linear({values:t,layer:e},n,o){let[s,r,a]=[`W${e}`,`A${e-1}`,`b${e}`],i=Yn(t,s,r,t.get(s).cols,p=>[P(s,n,p),P(r,p,o)]),c=C(t.get(a),n,0);return{symbols:`Σₖ ${s}[${n}, k]·${r}[k, ${o}] + ${yt(a,n,0)}`,code:`(${s} @ ${r} + ${a})[${n}, ${o}]`,lit:[{name:s,row:n,col:null},{name:r,row:null,col:o},P(a,n,0)],terms:i,added:[{place:P(a,n,0),label:a,value:c}]}},activation({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=C(t.get(`Z${o}`),s,r),c=a==="softmax";return{symbols:c?`e^Z${o}[${s}, ${r}] / Σₖ e^Z${o}[k, ${r}]`:`${a}(Z${o}[${s}, ${r}])`,puts:c?void 0:`${a}(${v(i)})`,code:`${a}(Z${o})[${s}, ${r}]`,lit:[c?{name:`Z${o}`,row:null,col:r}:P(`Z${o}`,s,r)]}},dropout:({values:t,step:e},n,o)=>Zn(t,e,n,o,"*"),dropout_back:({values:t,step:e},n,o)=>Zn(t,e,n,o,"*"),loss({values:t,opened:e,layer:n},o,s){let{output:r}=e.problem.network,[a,i]=[t.get(`Z${n}`),t.get("Y")],c=a.rows===1,[p,l]=[v(C(a,0,s)),v(C(i,0,s))],d={sigmoid:[`Σ (log(1 + e^Z${n}) − Y·Z${n}) in column ${s}`,`log(1 + e^(${p})) − ${l}·(${p})`],softmax:[`log Σₖ e^Z${n}[k, ${s}] − Σₖ Y[k, ${s}]·Z${n}[k, ${s}]`,""],identity:[`½ Σ (Z${n} − Y)² in column ${s}`,`½·(${p} − (${l}))²`]},[h,m]=d[r];return{symbols:h,puts:c&&m?m:void 0,code:`loss[0, ${s}]`,lit:[{name:`Z${n}`,row:null,col:s},{name:"Y",row:null,col:s}]}},cost({values:t}){let e=t.get("loss"),n=t.has("J_L2")?[{place:null,label:"J_L2",value:t.get("J_L2")}]:[];return{symbols:`1/m Σᵢ loss[0, i]${n.length?" + J_L2":""}`,code:`loss.mean()${n.length?" + J_L2":""}`,lit:[{name:"loss",row:0,col:null}],terms:Array.from(e.data,(o,s)=>({factors:[P("loss",0,s)],value:o})),scale:e.cols,added:n}},output:({values:t,step:e},n,o)=>Zn(t,e,n,o,"-"),weights({values:t,layer:e,opened:n},o,s){let[r,a]=[`dZ${e}`,`A${e-1}`],i=t.get(r).cols,c=Yn(t,r,a,i,d=>[P(r,o,d),P(a,s,d)]),p=t.get(`dW${e}_L2`),l=`W${e}`;return{symbols:`1/${i} Σᵢ ${r}[${o}, i]·${a}[${s}, i]${p?` + λ/${i}·${yt(l,o,s)}`:""}`,code:`(${r} @ ${a}.T / ${i}${p?` + l2 / ${i} * ${l}`:""})[${o}, ${s}]`,lit:[{name:r,row:o,col:null},{name:a,row:s,col:null},...p?[P(l,o,s)]:[]],terms:c,scale:i,added:p?[{place:P(l,o,s),label:`λ/m·${l}`,value:C(p,o,s)}]:[]}},bias({values:t,layer:e},n){let o=t.get(`dZ${e}`);return{symbols:`1/${o.cols} Σᵢ dZ${e}[${n}, i]`,code:`dZ${e}.sum(axis=1, keepdims=True)[${n}, 0] / ${o.cols}`,lit:[{name:`dZ${e}`,row:n,col:null}],terms:Array.from({length:o.cols},(s,r)=>({factors:[P(`dZ${e}`,n,r)],value:C(o,n,r)})),scale:o.cols}},back({values:t,layer:e},n,o){let s=e+1,[r,a]=[`W${s}`,`dZ${s}`];return{symbols:`Σₖ ${r}[k, ${n}]·${a}[k, ${o}]`,code:`(${r}.T @ ${a})[${n}, ${o}]`,lit:[{name:r,row:null,col:n},{name:a,row:null,col:o}],terms:Yn(t,r,a,t.get(r).rows,i=>[P(r,i,n),P(a,i,o)])}},activation_back({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=e.tokens[2].name,[c,p]=[C(t.get(i),s,r),C(t.get(`Z${o}`),s,r)],l=c===0?"":`   (slope ${v(C(t.get(`dZ${o}`),s,r)/c)})`;return{symbols:`${yt(i,s,r)} · ${a}′(Z${o}[${s}, ${r}])`,puts:`${v(c)} · ${a}′(${v(p)})${l}`,code:`${a}_backward(${i}, Z${o})[${s}, ${r}]`,lit:[P(i,s,r),P(`Z${o}`,s,r)]}},decay({values:t,step:e,opened:n},o,s){let{learning_rate:r,weight_decay:a}=n.problem.training,i=e.tokens[3].name;return{symbols:`(1 − α·λ)·${yt(i,o,s)}`,puts:`(1 − ${v(r)}·${v(a)})·${v(C(t.get(i),o,s))}`,code:`(1 - ${r} * ${a}) * ${i}[${o}, ${s}]`,lit:[P(i,o,s)]}},slot({values:t,step:e,opened:n},o,s){let{slot:r}=bt(e.id),a=e.tokens[4].name,i=t.has(`${e.id}⁻`)?C(t.get(`${e.id}⁻`),o,s):0,c=C(t.get(a),o,s),{training:p}=n.problem,l={...H[p.optimizer].defaults,...p.hyperparameters},d=r==="s"?"²":"";if(p.optimizer==="nesterov")return{symbols:`β·v − α·${yt(a,o,s)}`,puts:`${l.beta}·${v(i)} − ${v(p.learning_rate)}·${v(c)}`,code:`${l.beta} * v - ${p.learning_rate} * ${a}[${o}, ${s}]`,lit:[P(a,o,s),P(`${e.id}⁻`,o,s)]};let h=p.optimizer==="lion",m=l.beta??(r==="s"||h?l.beta2:l.beta1);return{symbols:`β·${r} + (1 − β)·${yt(a,o,s)}${d}`,puts:`${m}·${v(i)} + ${v(1-m)}·(${v(c)})${d}`,code:`${m} * ${r} + (1 - ${m}) * ${a}[${o}, ${s}]${d?" ** 2":""}`,lit:[P(a,o,s),P(`${e.id}⁻`,o,s)]}},update({values:t,step:e,opened:n},o,s){let{optimizer:r,learning_rate:a}=n.problem.training,i=e.tokens.filter(_=>typeof _=="object").slice(1).map(({name:_})=>_),[c,...p]=i,l=_=>v(C(t.get(_),o,s)),[d,h]=p,m={gd:[`${c} − α·${d}`,`${l(c)} − ${v(a)}·(${l(d)})`],momentum:[`${c} − α·v`,`${l(c)} − ${v(a)}·(${l(d)})`],nesterov:[`${c} + β·v − α·g`,`${l(c)} + β·(${l(d)}) − ${v(a)}·(${l(p.at(-1))})`],rmsprop:[`${c} − α·g / (√s + ε)`,`${l(c)} − ${v(a)}·(${l(p.at(-1))}) / (√${l(d)} + ε)`],lion:[`${c} − α·sign(β₁·v + (1 − β₁)·g)`,""]},b=[`${c} − α·v̂ / (√ŝ + ε)`,h?`${l(c)} − ${v(a)}·(${l(d)}) / (√${l(h)} + ε)`:""],[g,y]=m[r]??b;return{symbols:g,puts:y||void 0,code:`${e.equation}(…)[${o}, ${s}]`,lit:i.map(_=>P(_,o,s))}}};function Yn(t,e,n,o,s){let[r,a]=[t.get(e),t.get(n)];return Array.from({length:o},(i,c)=>{let[p,l]=s(c);return{factors:[p,l],value:C(r,p.row,p.col)*C(a,l.row,l.col)}})}function Zn(t,e,n,o,s){let[r,a]=e.tokens.filter(c=>typeof c=="object").slice(1).map(({name:c})=>c),i=s==="-"?"−":"∘";return{symbols:`${yt(r,n,o)} ${i==="∘"?"·":i} ${yt(a,n,o)}`,puts:`${v(C(t.get(r),n,o))} ${i==="∘"?"·":i} ${v(C(t.get(a),n,o))}`,code:`(${r} ${s} ${a})[${n}, ${o}]`,lit:[P(r,n,o),P(a,n,o)]}}function Ue(t,e,n,o){let s=t.steps.find(({id:r})=>r===e);return!s||!Xs[s.kind]?null:Xs[s.kind]({opened:t,values:t.values,step:s,layer:s.layer},n,o)}var ri=/^d(A|Z|g)/,ai=t=>t.slice(1);function Xn(t,e,n,o,s){let r=ai(n),a=e.get(r),i=ri.test(n)?e.get("Y").cols:1,c=o*a.cols+s,p=b=>{let g=Te(a);return g.data[c]=b,xt(t,new Map,{name:r,value:g}).get("J")},l=a.data[c],d=.02*Math.max(1,Math.abs(l)),h={value:NaN,error:1/0},m=[];for(let b=0;b<9;b++,d/=2){let g=[(p(l+d)-p(l-d))/(2*d)*i];for(let y=1,_=4;y<=b;y++,_*=4){g.push((_*g[y-1]-m[y-1])/(_-1));let w=Math.max(Math.abs(g[y]-g[y-1]),Math.abs(g[y]-m[y-1]));w<h.error&&(h={value:g[y],error:w})}m=g}return h}function ii(t,e){return t<=e?Array.from({length:t},(n,o)=>o):Array.from({length:e},(n,o)=>Math.round(o*(t-1)/(e-1)))}function*Js(t,e,n,o=24){for(let s of n){let r=e.get(s),a=0,i=ii(r.data.length,o),c=!0;for(let p of i){let l=Math.floor(p/r.cols),d=Xn(t,e,s,l,p%r.cols),h=Math.max(Math.abs(r.data[p]),Math.abs(d.value),1e-4),m=Math.abs(r.data[p]-d.value)/h;a=Math.max(a,m),m<1e-6||Math.abs(r.data[p]-d.value)<=10*d.error||(c=!1)}yield{name:s,checked:i.length,of:r.data.length,difference:a,passed:c}}}var zs=6;function li({explanation:t,values:e,result:n}){let{terms:o,scale:s=1,added:r=[]}=t,a=o.map((l,d)=>({...l,i:d})).sort((l,d)=>Math.abs(d.value)-Math.abs(l.value)),i=a.slice(zs),c=Math.abs(a[0]?.value)||1,p=({name:l,row:d,col:h})=>C(me(e,l),d,h);return f`<div class="terms">
<h4>${u("inspect.terms",{n:o.length})}</h4>
<ol>
${a.slice(0,zs).map(({factors:l,value:d,i:h})=>f`<li key=${h}>
<button
type="button"
class="term"
onClick=${()=>Rt(l.at(-1))}
title=${l.map(m=>`${m.name}[${m.row}, ${m.col}]`).join(" · ")}
>
<span class="term-index">${h}</span>
<span class="term-factors">${l.map(p).map(m=>v(m)).join(" · ")}</span>
<span class="term-value">${l.length>1?`= ${v(d)}`:""}</span>
<span
class=${`term-bar ${d<0?"is-negative":""}`}
style=${{width:`${100*Math.abs(d)/c}%`}}
></span>
</button>
</li>`)}
</ol>
${i.length?f`<p class="quiet note">${u("inspect.rest",{n:i.length,value:v(i.reduce((l,d)=>l+d.value,0))})}</p>`:null}
<p class="sum">
${s===1?"":f`<span>1/${s} · </span>`}<span>Σ ${v(o.reduce((l,d)=>l+d.value,0))}</span>
${r.map(({label:l,value:d})=>f`<span> + ${l} ${v(d)}</span>`)}
<span> = <b>${v(n)}</b></span>
</p>
</div>`}function ci({open:t,name:e,row:n,col:o,value:s}){let[r,a]=q(null);if(W(()=>a(null),[t,e,n,o]),!/^d[^_]+$/u.test(e))return null;if(!r)return f`<button type="button" class="button is-quiet" onClick=${()=>a(Xn(t.problem,t.values,e,n,o))}>${u("inspect.numeric")}</button>`;let i=Math.abs(r.value-s),c=i<=1e-6*Math.max(1e-4,Math.abs(s))||i<=10*r.error;return f`<p class="numeric" data-numeric=${Et(r.value)}>
${u("inspect.numericValue")}: <b>${v(r.value,8)}</b><br />
<span class=${c?"is-good":"is-bad"}>${c?"✓ ":"✗ "}${u(c?"inspect.agrees":"inspect.disagrees",{difference:v(i,2)})}</span>
</p>`}function pi({open:t,name:e,col:n}){let{session:o,k:s}=x();if(!He(e).includes("axis.examples"))return null;let r=o.dataAt(s),a=t.problem.batch[n],i=l=>C(r.X,l,a),c=Array.from({length:Math.min(3,r.X.rows)},(l,d)=>`${r.names?.[d]??`x${d+1}`} = ${v(i(d),3)}`),p=r.classes&&r.kind!=="numbers"?r.classes[Wt(r,a)]:v(C(r.Y,0,a));return f`<p class="quiet note">${u("inspect.example",{col:n,i:a,inputs:`${c.join(", ")}${r.X.rows>3?", …":""}`,target:p})}</p>`}var[Gs,Be]=[260,44];function ui({name:t,row:e,col:n}){let{session:o,k:s}=x();if(!/^[Wb]\d+$/.test(t)||!o.kept||o.latest.t<2)return null;let r=[...o.kept.values(),o.latest].sort((b,g)=>b.t-g.t),a=Math.ceil(r.length/120),i=r.filter((b,g)=>g%a===0||g===r.length-1).map(({t:b,parameters:g})=>[b,C(g[t],e,n)]),c=i.map(([,b])=>b),[p,l]=[Math.min(...c),Math.max(...c)],d=b=>b/o.latest.t*Gs,h=b=>Be-4-(b-p)/(l-p||1)*(Be-8),m=u("inspect.historyText",{first:v(c[0]),last:v(c.at(-1)),n:o.latest.t});return f`<figure class="history">
<figcaption class="quiet note">${m}</figcaption>
<svg viewBox=${`0 0 ${Gs} ${Be}`} class="curve" role="img" aria-label=${m}>
<path
class="line"
d=${i.map(([b,g],y)=>`${y?"L":"M"}${d(b).toFixed(1)} ${h(g).toFixed(1)}`).join("")}
/>
<line class="axis" x1=${d(s-1)} x2=${d(s-1)} y1="0" y2=${Be} />
</svg>
</figure>`}function Vs(){let{cursor:t,session:e}=x(),[n,o]=q(""),s=I(),r=t&&me(s.values,t.name);if(W(()=>o(""),[t]),!r)return f`<section
class="card inspector"
aria-label=${u("inspect.title")}
><p class="quiet">${u("inspect.none")}</p></section>`;let{name:a}=t,[i,c]=[Math.min(t.row,r.rows-1),Math.min(t.col,r.cols-1)],p=C(r,i,c),l=Ue(s,a,i,c),d=/^[Wb]\d+$/.test(a),h=Ne().id!==a&&s.steps.some(({id:b})=>b===a),m=async()=>o(await je(Et(p))?u("inspect.copied"):"");return f`<section class="card inspector" aria-labelledby="inspector-title">
<h3 id="inspector-title">${u("inspect.title")}</h3>
<p class="inspector-head"><${at} name=${a} /><span class="index">[${i}, ${c}]</span><span class="inspector-value">${v(p,6)}</span></p>
${l?f`<dl>
<dt>${u("inspect.formula")}</dt>
<dd class="formula">${l.symbols}</dd>
${l.puts?f`<dt>${u("inspect.puts")}</dt><dd class="formula">${l.puts} = <b>${v(p)}</b></dd>`:null}
</dl>`:f`<p class="quiet">${u(d?"inspect.parameter":e.isRecorded?"inspect.recorded":"inspect.given")}</p>`}
<${pi} open=${s} name=${a} col=${c} />
<${ui} name=${a} row=${i} col=${c} />
${l?.terms?f`<${li} explanation=${l} values=${s.values} result=${p} />`:null}
<dl>
<dt>${u("inspect.exact")}</dt>
<dd class="exact">
<code data-exact=${Et(p)}>${Et(p)}</code>
<button type="button" class="button is-quiet is-small" onClick=${m}>${n||u("inspect.copy")}</button>
</dd>
${l?f`<dt>${u("inspect.code")}</dt><dd><code>${l.code}</code></dd>`:null}
</dl>
${e.isRecorded?null:f`<${ci} open=${s} name=${a} row=${i} col=${c} value=${p} />`}
${h?f`<button
type="button"
class="button is-quiet"
onClick=${()=>ct({name:a,row:i,col:c})}
>${u("inspect.made")}</button>`:null}
</section>`}function di(t){return t.replace(/^(\s*)(?:r?"""[\s\S]*?""")\s*\n/m,"")}var mi={linear:/return W @ A_prev/,back:/return cache\[1\]\.T @ dZ/,weights:/return dZ @ A_prev\.T|weight_gradients\(/,bias:/dZ\.sum|weight_gradients\(/,slot:/^\s*[vs] = /,update:/return theta|return \(theta/};function Ks({step:t}){let{session:e}=x(),{sources:n,formulas:o}=e.lesson,s=n?.[t.equation]??Ht.sources[t.equation],r=o?.[t.equation]??Ht.formulas[t.equation];if(!s)return t.equation?f`<section class="card source"><h3>${u("lab.source")}</h3><p class="quiet">${u("lab.noSource")}</p></section>`:null;let a=di(s.text).trimEnd().split(`
`),i=mi[t.kind]??/^\s*return /,c=a.findLastIndex(p=>i.test(p));return f`<section class="card source" aria-labelledby="source-title">
<h3 id="source-title">${u("lab.source")}</h3>
<p class="quiet">${u("lab.line",s)}</p>
${r?f`<p class="formula">${r}</p>`:null}
<pre tabindex="0" role="region" aria-label=${t.equation}><code>${a.map((p,l)=>f`<span
class=${l===c?"is-current":""}
aria-current=${l===c?"true":void 0}
>${p}${`
`}</span>`)}</code></pre>
</section>`}var fi=7,[Qs,Jn]=[220,96];function tr({step:t}){let{session:e}=x(),{layer_dims:n}=e.network,o=l=>14+l*(Qs-28)/(n.length-1),s=l=>Math.min(n[l],fi),r=(l,d)=>Jn/2+(d-(s(l)-1)/2)*Math.min(13,(Jn-14)/s(l)),i={linear:t.layer,weights:t.layer,back:t.layer+1,update:t.layer,slot:t.layer,decay:t.layer}[t.kind],c=t.kind==="loss"||t.kind==="cost"?n.length-1:t.layer,p=l=>Array.from({length:s(l)},(d,h)=>h);return f`<svg
class="small-network"
viewBox=${`0 0 ${Qs} ${Jn}`}
role="img"
aria-label=${u("lab.network",{part:`${u(`phase.${t.phase}`)}, ${u("play.layer",{l:t.layer})}`})}
>
${n.slice(1).map((l,d)=>p(d).map(h=>p(d+1).map(m=>f`<line
class=${i===d+1?"is-lit":""}
x1=${o(d)}
y1=${r(d,h)}
x2=${o(d+1)}
y2=${r(d+1,m)}
/>`)))}
${n.map((l,d)=>p(d).map(h=>f`<circle
class=${c===d?"is-lit":""}
cx=${o(d)}
cy=${r(d,h)}
r="4.5"
/>`))}
</svg>`}var Ye=(t,e)=>({name:t,row:e,col:null}),Ze=(t,e)=>({name:t,row:null,col:e}),gt=(t,e,n)=>({name:t,row:e,col:n}),hi={linear:[(t,e)=>Ye(t,e),(t,e,n)=>Ze(t,n),(t,e)=>Ye(t,e)],weights:[(t,e)=>Ye(t,e),(t,e)=>Ze(t,e),gt],bias:[(t,e)=>gt(t,e,0)],back:[(t,e,n)=>Ye(t,n),(t,e,n)=>Ze(t,n)],activation:[(t,e,n,{equation:o})=>o==="softmax"?Ze(t,n):gt(t,e,n)],loss:[(t,e,n)=>gt(t,0,n),(t,e,n)=>gt(t,0,n)],cost:[t=>gt(t,0,0),t=>gt(t,0,0)]};function er(t,e,n,o){let[s,...r]=t.tokens.filter(c=>typeof c=="object"),a=r.findIndex(c=>c.name===e);return a<0||t.kind==="batch"||t.kind==="recorded"?[]:[(hi[t.kind]?.[a]??gt)(s.name,n,o,t)]}function $i(){let t=D(null),[e,n]=q(800);return lt(()=>{let o=new ResizeObserver(([{contentRect:s}])=>n(s.width));return o.observe(t.current),()=>o.disconnect()},[]),[t,e]}function bi({open:t,step:e,lit:n}){let[o,s]=$i(),r=e.tokens.map(p=>typeof p=="string"?p:{...p,matrix:me(t.values,p.name)}),a=r.filter(p=>typeof p=="object"),i=a.map(({matrix:p,transposed:l})=>l?p.rows:p.cols),c=Ys(s,i,r.filter(p=>typeof p=="string"));return f`<div class="operands" ref=${o}>
${r.map((p,l)=>typeof p=="string"?f`<span class="sign" key=${l}>${p}</span>`:f`<${Zs} key=${l} ...${p} size=${c} lit=${n} result=${p===a[0]} />`)}
</div>`}function nr(){let{session:t,cursor:e,k:n}=x(),o=I(),s=Ne(),r=e&&Ue(o,e.name,e.row,e.col),a=e?er(s,e.name,e.row,e.col):[],i=a.length?a:r?.lit??[],{optimizer:c}=o.problem.training,p=s.formula??s.tokens.map(l=>typeof l=="string"?l:`${l.name}${l.transposed?"ᵀ":""}`).join(" ");return f`<div class="lab">
<h1 class="visually-hidden">${u("screen.lab")}</h1>
<${Ds} />
<div class=${`lab-head phase-${s.phase}`}>
<div class="lab-head-text">
<p class="lab-where">
${u("lab.update",{k:n})} · ${u("lab.epoch",{e:t.epochOf(n)})} · <b class="phase-word">${u(`phase.${s.phase}`)}</b>
</p>
<h2 class="lab-equation" aria-label=${p}><${Fs}
step=${s}
optimizer=${c}
output=${t.network.output}
/></h2>
<p class="lab-sentence">${Ee(t,s)}</p>
</div>
<${tr} step=${s} />
</div>
<div class="lab-body">
<div class="lab-main">
<section class="card lab-matrices" aria-label=${u("lab.equation")}>
<${bi} open=${o} step=${s} lit=${i} />
<p class="quiet note">${u("lab.keep")}</p>
</section>
<${Ks} step=${s} />
</div>
<div class="lab-side"><${Vs} /></div>
</div>
</div>`}var yi={start:"M5 4v12M16 4l-8 6 8 6z",updateBack:"M10 4l-7 6 7 6zM17 4l-7 6 7 6z",back:"M14 4l-8 6 8 6z",play:"M6 3l11 7-11 7z",pause:"M6 3h3v14H6zM12 3h3v14h-3z",next:"M6 4l8 6-8 6z",updateNext:"M3 4l7 6-7 6zM10 4l7 6-7 6z",epochNext:"M3 4l8 6-8 6zM15 4v12"};function gi({name:t}){return f`<svg viewBox="0 0 20 20" aria-hidden="true" class="icon"><path d=${yi[t]} /></svg>`}function _t({name:t,label:e,onClick:n,strong:o,disabled:s,keys:r,text:a}){return f`<button
type="button"
class=${`press${o?" is-strong":""}`}
aria-label=${e}
title=${r?`${e} (${r})`:e}
data-action=${t}
disabled=${s}
onClick=${n}
>
<${gi} name=${t} />${a?f`<span class="press-text">${a}</span>`:null}
</button>`}function or(){let{session:t,k:e,micro:n,playing:o,unit:s,speed:r,screen:a}=x(),i=a==="lab",{steps:c}=I(),p=I().values.get("J"),l=i?{label:u("bar.scrub"),max:c.length-1,value:n,on:d=>Tt(d),text:c[n].id}:{label:u("bar.scrubUpdates"),max:Math.max(1,t.latest.t),value:e-1,on:d=>F(d+1),text:u("bar.done",{n:e-1})};return f`<section class="transport" aria-label=${u("bar.label")}>
<div class="transport-scrub">
<input
type="range"
min="0"
max=${l.max}
value=${l.value}
aria-label=${l.label}
aria-valuetext=${l.text}
onInput=${d=>l.on(Number(d.target.value))}
/>
</div>
<div class="transport-state">
<b data-updates=${e-1}>${u("bar.done",{n:e-1})}</b>
<span>${u("bar.cost",{value:v(p)})}</span>
</div>
<div class="transport-presses">
<${_t}
name="start"
label=${u("bar.start")}
onClick=${()=>F(1,i?0:n)}
disabled=${e===1&&(n===0||!i)}
/>
<${_t} name="updateBack" label=${u("bar.updateBack")} keys="[" onClick=${()=>qt(-1)} disabled=${e===1} />
${i?f`<${_t}
name="back"
label=${u("bar.back")}
keys="←"
onClick=${()=>At(-1)}
disabled=${e===1&&n===0}
/>`:null}
<${_t}
name=${o?"pause":"play"}
label=${u(o?"bar.pause":"bar.play")}
keys="Space"
strong=${!0}
onClick=${()=>ee()}
/>
${i?f`<${_t} name="next" label=${u("bar.next")} keys="→" onClick=${()=>At(1)} />`:null}
${i?f`<${_t}
name="epochNext"
label=${u("bar.layerNext")}
keys="Shift →"
onClick=${()=>Pe(1)}
text=${u("bar.layerNext")}
/>`:null}
<${_t}
name="updateNext"
label=${u("bar.updateNext")}
keys="]"
onClick=${()=>qt(1)}
text=${u("bar.updateNext")}
/>
${i?null:f`<${_t}
name="epochNext"
label=${u("bar.epochNext")}
onClick=${wn}
text=${u("bar.epochNext")}
/>`}
</div>
<div class="transport-choices">
<label>${u("bar.unit")}
<select value=${s} onChange=${d=>k({unit:d.target.value})}>
${(i?["micro","update","epoch"]:["update","epoch"]).map(d=>f`<option value=${d}>${u(`bar.unit.${d}`)}</option>`)}
</select>
</label>
<label>${u("bar.speed")}
<input type="range" min="0" max="4" value=${r} onInput=${d=>k({speed:Number(d.target.value)})} />
</label>
</div>
</section>`}function Xe(){let{screen:t,session:e,k:n,micro:o,cursor:s}=$,r={s:t};if(e){Object.assign(r,{k:n,q:e.open(n).steps[o]?.id}),(s?.row||s?.col)&&(r.c=`${s.row},${s.col}`);let{lesson:a}=e;a.toy&&(r.n=JSON.stringify({...a.toy,log:e.log.length?e.log:void 0}))}return new URLSearchParams(Object.entries(r).filter(([,a])=>a!==void 0)).toString()}function fe(t=location.hash){let e=Object.fromEntries(new URLSearchParams(t.slice(1))),n=null;try{n=e.n?JSON.parse(e.n):null}catch{n=null}let o=Number(e.k);return{screen:e.s,k:Number.isSafeInteger(o)&&o>0?o:1,id:e.q,cell:e.c?.split(",").map(Number),toy:n}}var sr=3e3;function zn({screen:t,k:e,id:n,cell:o,toy:s}){if(!$.session)return;$.session.lesson.toy&&Array.isArray(s?.log)&&!$.session.lesson.resume&&$.session.replay(s.log.filter(({t:a})=>a<=sr)),["play","lab","home"].includes(t)&&ft(t),F(Math.max(1,Math.min(e,sr)));let r=I().steps.findIndex(a=>a.id===n);r>=0&&F($.k,r),o?.every(Number.isInteger)&&Rt({...$.cursor,row:o[0],col:o[1]}),kt()}var rr=0;function ar(){To(()=>{clearTimeout(rr),!$.playing&&(rr=setTimeout(()=>{try{history.replaceState(null,"",`#${Xe()}`)}catch{}},300))})}var Gn=t=>t.replace(/[&<>"]/g,e=>({"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;"})[e]);async function _i(){let t=s=>[...document.querySelectorAll(s)].map(r=>r.textContent).join(`
`),e=async s=>s?(await fetch(s)).text():"",n=t("style")||await e(document.querySelector('link[rel="stylesheet"]')?.getAttribute("href")),o=t("script:not([src]):not([type])")||await e(document.querySelector("script[src]")?.getAttribute("src"));return{css:n,js:o}}async function ir(t){let e=await crypto.subtle.digest("SHA-256",new TextEncoder().encode(t));return`'sha256-${btoa(String.fromCharCode(...new Uint8Array(e)))}'`}async function wi({css:t,js:e}){let n=globalThis.crypto?.subtle?await Promise.all([ir(e),ir(t)]):["'unsafe-inline'","'unsafe-inline'"];return`default-src 'none'; script-src ${n[0]}; style-src ${n[1]}; img-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`}async function lr(t){let e=await _i(),n=document.documentElement;return`<!doctype html>
<html lang="${Gn(n.lang||"en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${Gn(await wi(e))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${Gn(t.title)}</title>
<style>${e.css}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="deepstep-lesson">${oe(t)}<\/script>
<script>${e.js}<\/script>
</body>
</html>
`}function cr(t,e){let{lesson:n}=t,o=t.isRecorded||!(t.latest.t||t.log.length)?void 0:t.standing();return{...n,resume:o,place:e}}var vi=4e5,ki={null:"None",true:"True",false:"False"},Xt=t=>JSON.stringify(t).replace(/\b(null|true|false)\b/g,e=>ki[e]),Vn=t=>`unpacked(${Xt(An(t))})`;function pr(t,e){let{lesson:n,network:o,base:s}=t,r=t.changedFrom===1/0&&e<(n.recorded?.at(-1)?.step??0);if(t.isRecorded||r&&n.code)return n.code.replace(/^shown = 1\b/m,`shown = ${e+1}`);let{X:a,Y:i}=n.data,c=a.data.length+i.data.length+t.size;if(c>vi)return`# ${c} numbers are too many for code: save the lesson instead.
`;let p=s&&(e<s.t?t.state(e):s),l=p?.t??0,d=p?t.trainingAt(l):n.training,h=t.log.filter(({t:y})=>y>=l&&y<=e),m=o.activations.slice(0,-1),b=p&&H[d.optimizer].state.length,g=Math.min(t.changedFrom-1,n.batches?.length??0);return`"""The network after ${e} updates of the page, which are done again; then the next one, opened."""
from deepstep import Network
from deepstep.explorer import replay, unpacked

X = ${Vn(a)}
Y = ${Vn(i)}
parameters = {
${Object.entries((p??n).parameters).map(([y,_])=>`    "${y}": ${Vn(_)},`).join(`
`)}
}
network = Network(
    ${Xt(o.layer_dims)},
    activation=${Xt(m.length?m:"relu")},
    output=${Xt(o.output)},
    parameters=parameters,
    seed=${o.seed??1},
)
step = replay(
    network,
    X,
    Y,
    updates=${e},
    training=${Xt({...d,beyond:void 0})},
${h.length?`    changes=[
${h.map(y=>`        ${Xt(y)},
`).join("")}    ],
`:""}${g?`    drawn=${g},
`:""}${l?`    start=${l},
`:""})
${b?`# Python trained up to there: the memory of its optimizer is not known here, and begins at zero.
`:""}print(step.trace())  # every quantity; step.before are the parameters before it
`}var xi=15e4,ur=4e3,Mi=t=>t.toLowerCase().replace(/[^a-z0-9]+/g,"-").replace(/^-|-$/g,"")||"deepstep";function dr(){let{session:t,k:e}=x(),[n,o]=q(""),s=cr(t,Xe()),[r]=q(()=>xi+oe(s).length),a=pr(t,e-1),i=Mi(s.title),c=async()=>{let h=await lr(s);Bn(`${i}.html`,h,"text/html"),o(u("share.saved",{name:`${i}.html`,size:Re(new Blob([h]).size)}))},p=()=>{let h=oe(s);Bn(`${i}.json`,h,"application/json"),o(u("share.saved",{name:`${i}.json`,size:Re(h.length)}))},l=async h=>await je(h)&&o(u("share.copied")),d=`${location.href.split("#")[0]}#${Xe()}`;return f`<section>
<h3>${u("share.html")}</h3>
<p class="quiet">${u("share.htmlHint",{size:Re(r)})}</p>
<div class="row">
<button type="button" class="button" data-action="export" onClick=${c}>${u("share.save")}</button>
<button type="button" class="button is-quiet" onClick=${p}>${u("share.lesson")}</button>
${s.origin==="server"?null:f`<button type="button" class="button is-quiet" onClick=${()=>l(d)}>${u("share.link")}</button>`}
</div>
</section>
<section>
<h3 id="code-title">${u("share.code")}</h3>
${a.startsWith("# ")?f`<p data-code="none">${a.slice(2)}</p>`:f`<pre
class="code"
tabindex="0"
role="region"
aria-labelledby="code-title"
><code>${a.length>ur?`${a.slice(0,ur)}…`:a}</code></pre>
<button type="button" class="button is-quiet" data-action="copy-code" onClick=${()=>l(a)}>${u("share.copy")}</button>`}
</section>
<p role="status">${n}</p>`}var Si=1e5;function mr(){let[t,e]=q([]),[n,o]=q(!1);W(()=>{let{problem:a,values:i,steps:c}=I(),p=c.filter(({phase:b})=>b==="backward").map(({id:b})=>b),l=Object.values(a.parameters).reduce((b,{data:g})=>b+g.length,0),d=Js(a,i,p,l>Si?2:24),h=!1,m=()=>{if(h)return;let{value:b}=d.next();if(!b)return o(!0);e(g=>[...g,b]),setTimeout(m,0)};return setTimeout(m,0),()=>h=!0},[]);let s=t.filter(({passed:a})=>!a).length,r=n?s?u("check.some",{n:s}):u("check.all",{n:t.length}):u("check.running");return f`<p>${u("check.lead")}</p>
<div class="table-scroll">
<table class="plain" data-done=${n?"true":"false"} data-wrong=${s}>
<thead><tr><th>${u("check.quantity")}</th><th>${u("check.checked")}</th><th>${u("check.difference")}</th><th>${u("check.verdict")}</th></tr></thead>
<tbody>${t.map(({name:a,checked:i,of:c,difference:p,passed:l})=>f`<tr key=${a}>
<th scope="row"><${at} name=${a} /></th><td>${i} / ${c}</td><td>${v(p,2)}</td>
<td class=${l?"is-good":"is-bad"}>${u(l?"check.good":"check.bad")}</td>
</tr>`)}</tbody>
</table>
</div>
<p role="status"><b>${r}</b></p>`}var Ti=12;function fr(){let[t,e]=q(""),n=t.trim().toLowerCase().replaceAll("'","′"),o=I().steps.filter(({id:a})=>a.toLowerCase().startsWith(n)),s=a=>{k({dialog:null}),ct({name:a,row:0,col:0})};return f`<form onSubmit=${a=>{a.preventDefault(),o.length&&s(o[0].id)}}>
<label class="field">${u("find.label")}
<input
type="text"
id="find"
autofocus
autocomplete="off"
spellcheck="false"
value=${t}
onInput=${a=>e(a.target.value)}
/>
</label>
<ul class="found" aria-live="polite">
${o.slice(0,Ti).map(({id:a,phase:i})=>f`<li key=${a}><button
type="button"
class=${`ribbon-step phase-${i}`}
onClick=${()=>s(a)}
><${at} name=${a} /></button></li>`)}
</ul>
${o.length?null:f`<p class="quiet">${u("find.none")}</p>`}
</form>`}var Ai=[["Space","help.space"],["←  →","help.micro"],["Shift ←  →","help.layer"],["[  ]","help.update"],["/","help.find"],["?","help.help"]];function Ci(){let{singleKeys:t}=x();return f`<dl class="keys">${Ai.map(([e,n])=>f`<dt><kbd>${e}</kbd></dt><dd>${u(n)}</dd>`)}</dl>
<p class="quiet">${u("help.grid")}</p>
<p class="quiet">${u("help.count")}</p>
<label class="choice"><input
type="checkbox"
checked=${t}
onChange=${e=>k({singleKeys:e.target.checked})}
/> ${u("help.single")}</label>`}var Oi={help:{title:"help.title",Body:Ci},find:{title:"find.title",Body:fr},share:{title:"share.title",Body:dr},check:{title:"check.title",Body:mr}};function hr(){let{dialog:t}=x(),e=D(null);lt(()=>{t&&!e.current.open&&e.current.showModal(),!t&&e.current.open&&e.current.close()},[t]);let{title:n,Body:o}=Oi[t]??{};return f`<dialog ref=${e} aria-labelledby="dialog-title" onClose=${()=>k({dialog:null})} onClick=${r=>r.target===e.current&&e.current.close()}>
${o?f`<div class="dialog-body">
<div class="dialog-head">
<h2 id="dialog-title">${u(n)}</h2>
<button
type="button"
class="button is-quiet is-round"
aria-label=${u("app.close")}
onClick=${()=>e.current.close()}
>✕</button>
</div>
<${o} />
</div>`:null}
</dialog>`}var Kn=t=>`./${t}${location.search}`,br=()=>document.getElementById("app").dataset.source==="server";async function yr(){let t=await fetch(Kn("lesson"));if(!t.ok)throw new Error("server.refused");let e=await t.json();if(Le(e),$.session.isRecorded)return;let n=new EventSource(Kn("events")),o=a=>fetch(Kn("command"),{method:"POST",headers:{"Content-Type":"application/json"},body:JSON.stringify(a)}),s=()=>{n.close(),k({server:{on:!1},playing:!1})},r=()=>{o({do:"stop"}),s()};n.onmessage=({data:a})=>$r(JSON.parse(a),s),n.onerror=s,k({server:{on:!0,send:o,leave:r}}),e.now?.step&&$r({kind:"epoch",...e.now},s)}function $r(t,e){let{session:n}=$;if(t.kind==="closed")return e();if(t.kind==="end"){$.unit!=="micro"&&k({playing:!1}),t.why&&k({live:t.why});return}let{parameters:o,slots:s}=ne({format:"deepstep-lesson",version:1,parameters:t.parameters,slots:t.slots});n.arrive(t.step,o,Number(t.cost),s),F(t.step+1,$.unit==="micro"?0:$.micro),kt()}function gr(){let{server:t}=x();return t?f`<p class="check" data-server=${t.on?"on":"off"}>${u(t.on?"server.on":"server.off")}</p>`:null}var _r={home:Pn,play:qs,lab:nr};function Ei(){let{check:t}=x();if(!t)return null;let e=t.difference<1e-9,n=v(t.difference,2);return f`<p
class=${`check ${e?"is-good":"is-bad"}`}
title=${u("golden.explain",{n:t.compared})}
data-difference=${String(t.difference)}
>
${e?u("golden.good",{difference:n}):u("golden.bad",{name:t.worst,difference:n})}
</p>`}function Ni(){let{born:t}=x();return t?f`<div class="born" role="alert">
<p><b>${u("born.title",{name:t.name})}</b> ${u("born.text",{...t,value:v(t.value)})}</p>
<button type="button" class="button" onClick=${os}>${u("born.show")}</button>
</div>`:null}function Pi(){let{session:t}=x(),{notes:e=[]}=t.lesson,o=[...t.isRecorded?[u("app.recorded",{parts:Oe(t.lesson).join(", "),numbers:t.numbers.join(", ")})]:[],...e];return o.length?f`<ul class="notes">${o.map(s=>f`<li key=${s}>${s}</li>`)}</ul>`:null}function wr(){let{screen:t,session:e,live:n}=x(),o=e?_r[t]:Pn;return W(()=>{document.title=`${e?`${e.lesson.title} · `:""}${u(`screen.${t}`)} · ${u("app.name")}`,globalThis.scrollTo?.(0,0),document.activeElement===document.body&&document.getElementById("main")?.focus({preventScroll:!0})},[t,e]),f`
<a
class="skip"
href="#main"
onClick=${s=>(s.preventDefault(),document.getElementById("main").focus())}
>${u("app.skip")}</a>
<header class="top">
<p class="brand"><span class="brand-mark" aria-hidden="true"></span>${u("app.name")}</p>
<nav aria-label=${u("app.screens")} class="tabs">
${Object.keys(_r).map(s=>f`<button
type="button"
key=${s}
data-screen=${s}
aria-current=${t===s?"page":void 0}
disabled=${s!=="home"&&(!e||s==="play"&&e.isRecorded)}
onClick=${()=>ft(s)}
>${u(`screen.${s}`)}</button>`)}
</nav>
<${Ei} />
<${gr} />
<div class="top-actions">
${e?f`<button
type="button"
class="button is-quiet"
data-open="find"
onClick=${()=>k({dialog:"find"})}
title=${`${u("app.find")} (/)`}
><span aria-hidden="true">⌕</span><span class="hide-narrow"> ${u("app.find")}</span><span class="only-narrow visually-hidden">${u("app.find")}</span></button>
${e.isRecorded?null:f`<button
type="button"
class="button is-quiet"
data-open="check"
onClick=${()=>k({dialog:"check",playing:!1})}
>${u("check.button")}</button>`}
<button
type="button"
class="button"
data-open="share"
onClick=${()=>k({dialog:"share",playing:!1})}
>${u("app.share")}</button>`:null}
<button
type="button"
class="button is-quiet is-round"
aria-label=${u("app.help")}
title=${`${u("app.help")} (?)`}
onClick=${()=>k({dialog:"help"})}
>?</button>
</div>
</header>
<${Ni} />
<main
id="main"
tabindex="-1"
class=${`screen-${t}`}
>${e&&t!=="home"?f`<${Pi} />`:null}<${o} /></main>
${e&&t!=="home"?f`<${or} />`:null}
<${hr} />
<p class="visually-hidden" aria-live="polite" role="status">${n}</p>
`}var vr="input, select, textarea, [contenteditable]",Ii=`${vr}, button, summary, a`;function Li(t){let{key:e,shiftKey:n,target:o}=t;if(e==="?")return()=>k({dialog:$.dialog==="help"?null:"help"});if($.dialog||!$.session||$.screen==="home")return null;if(e===" ")return o.closest(Ii)?null:()=>ee();if(e==="/")return()=>k({dialog:"find"});if(e==="[")return()=>qt(-1);if(e==="]")return()=>qt(1);if($.screen!=="lab")return null;let s={ArrowLeft:-1,ArrowRight:1}[e];return!s||o.closest("pre")?null:()=>n?Pe(s):At(s)}function kr(){document.body.addEventListener("keydown",t=>{if(t.defaultPrevented||t.ctrlKey||t.metaKey||t.altKey||!$.singleKeys||t.target.closest(vr))return;let e=Li(t);e&&(t.preventDefault(),e())})}function qi(){let t=fe(),e=document.getElementById("deepstep-lesson");try{e?Le(JSON.parse(e.textContent)):Ct.includes(t.toy?.data)&&$t(t.toy,t.screen);let n=t.screen?t:fe(`#${$.session?.lesson.place??""}`);$.session&&n.screen&&zn(n)}catch(n){k({session:null,screen:"home",error:u(`error.${n.message}`)})}}async function Ri(){br()?(await yr().catch(()=>k({error:u("error.server.refused")})),$.session&&fe().screen&&zn(fe())):qi()}Ri().then(()=>{on(f`<${wr} />`,document.getElementById("app")),kr(),bs(),ar(),globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change",()=>k({})),requestAnimationFrame(()=>{globalThis.deepstepReady=!0})});})();
