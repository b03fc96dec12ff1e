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
(()=>{var E,Qn,Sr,dt,Je,ge,to,$e,eo,Ve,Ge,Tr,Gt=Symbol.for("pv"),_e={},we=[],Ar=/^m(i|n|o|s|text|space)$/,Ke=Array.isArray,Qe=we.slice,kt=Object.assign;function xt(t){t&&t.parentNode&&t.remove()}function no(t,e,n){var o,s,r,a={},i=arguments.length;for(r in e)r=="key"?o=e[r]:r=="ref"&&typeof t!="function"?s=e[r]:a[r]=e[r];return i>2&&(a.children=i>3?Qe.call(arguments,2):n),Jt(t,a,o,s,null)}function Jt(t,e,n,o,s){var r={type:t,props:e,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Gt,__v:s||++Qn,__i:-1,__u:0};return!s&&E.vnode&&E.vnode(r),r}function Vt(t){return t.children}function be(t,e){this.props=t,this.context=e,this.__g=0}function mt(t,e){if(e==null)return t.__&&mt(t.__,t.__i+1);for(var n;e<t.__k.length;e++)if((n=t.__k[e])&&n.__e)return n.__e;return typeof t.type!="function"||t.props.__P?null:mt(t)}function Cr(t){var e,n=t.__v,o=n.__e,s=[],r=[],a=t.__P;a&&((e=kt({constructor:Gt},n)).__v=n.__v+1,E.vnode&&E.vnode(e),tn(a,e,n,t.__n,a.namespaceURI,32&n.__u?[o]:null,s,o||mt(n),32&n.__u,r),e.__v=n.__v,e.__.__k[e.__i]=e,lo(s,e,r),n.__=n.__e=null,e.__e!=o&&oo(e))}function oo(t){if((t=t.__)&&t.__c&&!t.props.__P)return t.__e=null,t.__k.some(function(e){return e&&(t.__e=e.__e)}),oo(t)}function Vn(t){(8&t.__g||(t.__g|=8,dt.push(t),ge++))&&Je==E.debounceRendering||((Je=E.debounceRendering)||queueMicrotask)(so)}function so(){try{for(var t,e=1;dt.length;)dt.length>e&&dt.sort(to),t=dt.shift(),e=dt.length,8&t.__g&&Cr(t)}finally{(ge=dt.length)&&(Je||queueMicrotask)(so)}}function ro(t,e,n,o,s,r,a,i,c,p,l){var d,h,m,b,y,g,_=o.__k||we,w=e.length;for(c=Or(n,e,_,c,w),d=0;d<w;d++)(m=n.__k[d])!=null&&(h=~m.__i&&_[m.__i]||_e,m.__i=d,g=tn(t,m,h,s,r,a,i,c,p,l),b=m.__e,(h.ref!=m.ref||8&h.__u)&&(h.ref&&en(h.ref,null,m,h),m.ref&&l.push(m.ref,m.__c||b,m)),y=y||b,4&m.__u?(c=ao(m,c,t,!h.__v),h.__e&&(h.__e=null)):typeof m.type=="function"&&g!==void 0?c=g:b&&(c=b.nextSibling),m.__u&=-21);return n.__e=y,c}function Or(t,e,n,o,s){var r,a,i,c,p,l,d,h,m,b=n.length,y=b,g=0,_=0,w=t.__k=Array(s);for(r=0;r<s;r++)(a=e[r])!=null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=w[r]=Jt(null,a):Ke(a)?a=w[r]=Jt(Vt,{children:a}):a.constructor===Gt&&a.__b?a=w[r]=Jt(a.type,a.props,a.key,a.ref,a.__v):w[r]=a,c=r+g,a.__=t,a.__b=t.__b+1,i=null,~(p=a.__i=Er(a,n,c,y))&&(y--,(i=n[p])&&(i.__u|=2)),i&&i.__v?(a.__u|=16,p==c-1?g--:p==c+1?g++:p!=c&&(p>c?g--:g++,_=1)):(~p||(s>b?g--:s<b&&g++),typeof a.type!="function"&&(a.__u|=4))):w[r]=null;if(_){for(l=[],d=[],r=0;r<s;r++)if((a=w[r])&&16&a.__u){for(g=0,h=l.length;g<h;)l[m=g+h>>1]<a.__i?g=m+1:h=m;l[g]=a.__i,d[r]=g+1}for(g=l.length;r--;)d[r]&&(d[r]==g?g--:w[r].__u|=4)}if(y)for(r=0;r<b;r++)!(i=n[r])||2&i.__u||(i.__e==o&&(o=mt(i)),nn(i,i));return o}function ao(t,e,n,o){var s,r,a,i;if(typeof t.type=="function"){if(t.props.__P)return e;if(s=t.__k)for(r=0;r<s.length;r++)s[r]&&(s[r].__=t,e=ao(s[r],e,n,!1));return e}for(e&&!e.parentNode&&(e=mt(t))&&!e.parentNode&&(e=null),a=t.__e,i=e;i&&i.nodeType==8;)i=i.nextSibling;for(a!=i&&(!o&&n.moveBefore&&a.parentNode?n.moveBefore(a,e):n.insertBefore(a,e||null)),e=a;(e=e&&e.nextSibling)&&e.nodeType==8&&!e.data.startsWith("$s"););return e}function Er(t,e,n,o){var s,r=t.key,a=t.type,i=e[n],c=i&&!(2&i.__u);if(i===null&&r==null||c&&r==i.key&&a==i.type)return n;if(o>(c?1:0)){for(s=n-1;s>=0;s--)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s;for(s=n+1;s<e.length;s++)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s}return-1}function Kn(t,e,n){n==null&&(n=""),e[0]=="-"?t.setProperty(e,n):t[e]=n}function he(t,e,n,o,s){var r,a;if(e=="style")if(typeof n=="string")t.style.cssText=n;else{if(typeof o=="string"&&(t.style.cssText=o=""),o)for(e in o)n&&e in n||Kn(t.style,e);if(n)for(e in n)o&&n[e]==o[e]||Kn(t.style,e,n[e])}else if(e[0]=="o"&&e[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(t.__e||(t.__e={}))[e]=n,n&&o||(a=Ge[e]||(Ge[e]=Nr(e)),(t.__a||(t.__a={}))[e]=Ve,r=e!=(e=e.replace(eo,"$1")),(e=e.slice(2))[0]<"a"&&(e=e.toLowerCase()),n?t.addEventListener(e,a,r):t.removeEventListener(e,a,r));else{if(s=="http://www.w3.org/2000/svg")e=e.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(e!="width"&&e!="height"&&e!="href"&&e!="list"&&e!="form"&&e!="tabIndex"&&e!="download"&&e!="rowSpan"&&e!="colSpan"&&e!="role"&&e!="popover"&&e in t)try{return void(t[e]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&e[4]!="-"?t.removeAttribute(e):t.setAttribute(e,e=="popover"&&n==1?"":n)}}function Nr(t){return function(e){var n=this.__e;if(n){if(n=n[t],e[$e]==null)e[$e]=Ve++;else if(e[$e]<this.__a[t])return;return n(E.event?E.event(e):e)}}}function tn(t,e,n,o,s,r,a,i,c,p){var l,d,h,m,b,y,g,_,w,S,A,H,Z,Y,U,Zt,ot,it,G=e.type;if(e.constructor!==Gt)return null;128&n.__u&&(c=32&n.__u,l=n.__c.__z)&&(e.__u|=c,d=r=[],l.nodeType==8?i=ye(l,r):r.push(l),i=r[0]||i),(l=E.__b)&&l(e);t:if(typeof G=="function"){h=a.length;try{if(_=e.props,w=(l=G.prototype)&&l.render,S=(l=G.contextType)&&o[l.__c],A=l?S?S.props.value:l.__:o,(m=n.__c)?(e.__c=m,2&m.__g&&(m.__g|=1)):(w?e.__c=m=new G(_,A):(e.__c=m=new be(_,A),m.constructor=G,m.render=Ir),S&&S.sub(m),m.state||(m.state={}),m.__n=o,m.__g|=8,m.__h=[],m.__k=[]),w&&(m.__s||(m.__s=m.state),G.getDerivedStateFromProps&&(m.__s==m.state&&(m.__s=kt({},m.__s)),kt(m.__s,G.getDerivedStateFromProps(_,m.__s)))),b=m.props,y=m.state,m.__v=e,n.__c){if(_!==b&&w&&!G.getDerivedStateFromProps&&m.componentWillReceiveProps&&m.componentWillReceiveProps(_,A),e.__v==n.__v&&!(8&m.__g)||!(4&m.__g)&&m.shouldComponentUpdate&&m.shouldComponentUpdate(_,m.__s,A)===!1){e.__v!=n.__v&&(m.props=_,m.state=m.__s,m.__g&=-9),e.__e=n.__e,e.__k=n.__k,e.__k.some(function(z){z&&(z.__=e)}),we.push.apply(m.__h,m.__k),m.__k=[],m.__h.length&&a.push(m),i=mt(n);break t}m.componentWillUpdate&&m.componentWillUpdate(_,m.__s,A),w&&m.componentDidUpdate&&m.__h.push(function(){m.componentDidUpdate(b,y,g)})}else w&&!G.getDerivedStateFromProps&&m.componentWillMount&&m.componentWillMount(),w&&m.componentDidMount&&m.__h.push(m.componentDidMount);m.context=A,m.props=_,m.__P=t,m.__g&=-5,H=E.__r,Z=w?25:0;do m.__g&=-9,H&&H(e),l=m.render(m.props,m.state=m.__s,m.context);while(8&m.__g&&++Z<25);w&&(we.push.apply(m.__h,m.__k),m.__k=[]),m.state=m.__s,m.getChildContext&&(o=kt({},o,m.getChildContext())),w&&n.__c&&m.getSnapshotBeforeUpdate&&(g=m.getSnapshotBeforeUpdate(b,y)),Y=l&&l.type===Vt&&l.key==null?l.props.children:l,_.__P&&(l=i,s=(t=_.__P).namespaceURI,c=r=null,n.props&&n.props.__P!=t&&(n.__k.some(function(z){z&&nn(z,z)}),n.__k=null),i=n.__k?mt(n,0):null),i=ro(t,Ke(Y)?Y:[Y],e,n,o,s,r,a,i,c,p),_.__P&&(e.__e=null,i=l),e.__u&=-161,d&&d.some(xt),m.__h.length&&a.push(m),1&m.__g&&(m.__g&=-4)}catch(z){if(a.length=h,e.__v=null,c||r)if(z&&z.then){if(e.__u|=128|c,r){for(~(ot=r.indexOf(i||void 0))||(ot=r.length);(it=r[ot-1])&&it.nodeType==8;)ot--;for(;ot<r.length;ot++)if(it=r[ot])if(r[ot]=null,U){if(it==Zt)break}else{if(it.nodeType!=8)break;it.data.startsWith("$s")&&(Zt=ye(U=it))}}if(!U){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;U=i}(l=ye(U=e.__c.__z||(e.__c.__z=U)))?(e.__e=U,i=l):e.__e=i,i=i&&i.nextSibling}else r&&r.some(xt);else e.__e=n.__e;e.__k||(e.__k=n.__k||[]),z&&z.then||io(e),E.__e(z,e,n)}}else i=e.__e=Pr(n.__e,e,n,o,s,r,a,c,p,t);return(l=E.diffed)&&l(e),i}function ye(t,e){if(t&&t.nodeType==8&&t.data.startsWith("$s"))for(var n=1;t=t.nextSibling;){if(t.nodeType==8){if(t.data.startsWith("$s"))n++;else if(t.data.startsWith("/$s")&&!--n)return t}e&&e.push(t)}}function io(t){t&&(t.__c&&(t.__c.__g|=4),t.__k&&t.__k.some(io))}function lo(t,e,n){for(var o=0;o<n.length;)en(n[o++],n[o++],n[o++]);E.__c&&E.__c(e,t),t.some(function(s){try{t=s.__h,s.__h=[],t.some(function(r){r.call(s)})}catch(r){E.__e(r,s.__v)}})}function Pr(t,e,n,o,s,r,a,i,c,p){var l,d,h,m,b,y,g,_,w=n.props||_e,S=e.props,A=e.type;if(A=="svg"?s="http://www.w3.org/2000/svg":A=="math"?s="http://www.w3.org/1998/Math/MathML":s||(s="http://www.w3.org/1999/xhtml"),r){for(l=0;l<r.length;l++)if((b=r[l])&&(A?b.localName==A:b.nodeType==3)){t=b,r[l]=null;break}}if(!t){if(_=p.ownerDocument||document,!A)return _.createTextNode(S);t=_.createElementNS(s,A,S.is?S:p),i&&(E.__m&&E.__m(e,r),i=!1),r=null}if(A){if(p=A=="template"&&t.content||t,r=A=="textarea"&&S.defaultValue!=null?null:r&&Qe.call(p.childNodes),!i&&r)for(w={},l=0;l<t.attributes.length;l++)w[(b=t.attributes[l]).name]=b.value;for(l in w)b=w[l],l=="dangerouslySetInnerHTML"?h=b:l=="children"||l in S||l=="value"&&"defaultValue"in S||l=="checked"&&"defaultChecked"in S||he(t,l,null,b,s);for(l in S)b=S[l],l=="children"?m=b:l=="dangerouslySetInnerHTML"?d=b:l=="value"?y=b:l=="checked"?g=b:i&&typeof b!="function"||w[l]===b||he(t,l,b,w[l],s);d?(i||h&&(d.__html==h.__html||d.__html==t.innerHTML)||(t.innerHTML=d.__html),e.__k=[]):(h&&(t.textContent=""),(A=="foreignObject"||s=="http://www.w3.org/1998/Math/MathML"&&Ar.test(A))&&(s="http://www.w3.org/1999/xhtml"),ro(p,Ke(m)?m:[m],e,n,o,s,r,a,r?r[0]:n.__k&&mt(n,0),i,c),r&&r.some(xt)),i&&A!="textarea"||(l="value",A=="progress"&&y==null?t.removeAttribute(l):y==null||y===t[l]&&(A!="progress"||y)||he(t,l,y,w[l],s),l="checked",g!=null&&g!=t[l]&&he(t,l,g,w[l],s))}else w===S||i&&t.data==S||(t.data=S);return t}function en(t,e,n,o){try{typeof t=="function"?e?e.__x=t(e)||1:o&&(o=o.__c||o.__e)&&(e=o.__x)&&(o.__x=null,typeof e=="function"?e():t(null)):t.current=e}catch(s){E.__e(s,n)}}function nn(t,e,n){var o,s,r,a;if(E.unmount&&E.unmount(t),!(o=t.ref)||o.current&&o.current!=t.__e||en(o,null,e,t),o=t.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(i){E.__e(i,e)}o.__P=o.__n=null}if(o=t.__k)for(a=0;a<o.length;a++)o[a]&&nn(o[a],e,typeof t.type!="function"||n&&!t.props.__P);!n&&(o=t.__c)&&(o=o.__z)&&(s=ye(o,r=[]))&&(o==t.__e&&r.some(xt),xt(s),xt(o)),n||xt(t.__e),t.__e=t.__c=t.__=null}function Ir(t,e,n){return this.constructor(t,n)}function on(t,e){var n,o,s,r;E.__&&E.__(t,e),e.nodeType==9&&(e=e.documentElement),o=(n=t&&32&t.__u)?null:e.__k,e.__k=Jt(Vt,{children:[t]}),s=[],r=[],tn(e,e.__k,o||_e,_e,e.namespaceURI,o?null:e.firstChild?Qe.call(e.childNodes):null,s,o?o.__e:e.firstChild,n,r),lo(s,e.__k,r),e.__k.props.children=null}E={__e:function(t,e,n,o){for(var s,r,a;e=e.__;)if((s=e.__c)&&!(1&s.__g)){s.__g|=4;try{if((a=(r=s.constructor)&&r.getDerivedStateFromError)&&s.setState(r.getDerivedStateFromError(t)),s.componentDidCatch&&(s.componentDidCatch(t,o||{}),a=1),a&&8&s.__g)return void(s.__g|=2)}catch(i){t=i}}throw ge=0,t}},Qn=0,Sr=function(t){return t!=null&&t.constructor===Gt},be.prototype.setState=function(t,e){var n=this.__s;n&&n!=this.state||(n=this.__s=kt({},this.state)),typeof t=="function"&&(t=t(kt({},n),this.props)),t&&(kt(n,t),this.__v&&(e&&this.__k.push(e),Vn(this)))},be.prototype.forceUpdate=function(t){this.__v&&(this.__g|=4,t&&this.__h.push(t),Vn(this))},be.prototype.render=Vt,dt=[],ge=0,to=function(t,e){return t.__v.__b-e.__v.__b},$e=Symbol(),eo=/(PointerCapture)$|Capture$/i,Ve=0,Ge={},Tr=0;var po=function(t,e,n,o){var s;e[0]=0;for(var r=1;r<e.length;r++){var a=e[r++],i=e[r]?(e[0]|=a?1:2,n[e[r++]]):e[++r];a===3?o[0]=i:a===4?o[1]=Object.assign(o[1]||{},i):a===5?(o[1]=o[1]||{})[e[++r]]=i:a===6?o[1][e[++r]]+=i+"":a?(s=t.apply(i,po(t,i,n,["",null])),o.push(s),i[0]?e[0]|=2:(e[r-2]=0,e[r]=s)):o.push(i)}return o},co=new Map;function uo(t){var e=co.get(this);return e||(e=new Map,co.set(this,e)),(e=po(this,e.get(t)||(e.set(t,e=(function(n){for(var o,s,r=1,a="",i="",c=[0],p=function(h){r===1&&(h||(a=a.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?c.push(0,h,a):r===3&&(h||a)?(c.push(3,h,a),r=2):r===2&&a==="..."&&h?c.push(4,h,0):r===2&&a&&!h?c.push(5,0,!0,a):r>=5&&((a||!h&&r===5)&&(c.push(r,0,a,s),r=6),h&&(c.push(r,h,0,s),r=6)),a=""},l=0;l<n.length;l++){l&&(r===1&&p(),p(l));for(var d=0;d<n[l].length;d++)o=n[l][d],r===1?o==="<"?(p(),c=[c],r=3):a+=o:r===4?a==="--"&&o===">"?(r=1,a=""):a=o+a[0]:i?o===i?i="":a+=o:o==='"'||o==="'"?i=o:o===">"?(p(),r=1):r&&(o==="="?(r=5,s=a,a=""):o==="/"&&(r<5||n[l][d+1]===">")?(p(),r===3&&(c=c[0]),r=c,(c=c[0]).push(2,0,r),r=0):o===" "||o==="	"||o===`
`||o==="\r"?(p(),r=2):a+=o),r===3&&a==="!--"&&(r=4,c=c[0])}return p(),c})(t)),e),arguments,[])).length>1?e:e[0]}var Nt,R,sn,mo,rn=Object.is,ve=0,vo=[],an=[],L=E,fo=L.__b,ho=L.__r,$o=L.diffed,bo=L.__c,yo=L.unmount,go=L.__;function xe(t,e){L.__h&&L.__h(R,t,ve||e),ve=0;var n=R.__H||(R.__H={__:[],__h:[]});return t>=n.__.length&&n.__.push({}),n.__[t]}function q(t){return ve=1,Lr(ko,t)}function Lr(t,e,n){var o=xe(Nt++,2);if(o.t=t,!o.__c&&(o.__=[n?n(e):ko(void 0,e),function(r){var a=(o.__N||o.__)[0],i=o.t(a,r);rn(a,i)||(o.__N=[i,o.__[1]],o.__c.setState({}))}],o.__c=R,!R.__f)){R.__f=!0;var s=R.shouldComponentUpdate;R.shouldComponentUpdate=function(r,a,i){var c=this.__H;if(!c)return!0;var p=!1,l=this.props!=r;if(c.__.some(function(h){h.__N&&(p=!0,rn(h.__[0],h.__N[0])||(l=!0))}),s){var d=s.call(this,r,a,i);return p?d||l:d}return!p||l}}return o.__}function W(t,e){var n=xe(Nt++,3);!L.__s&&cn(n.__H,e)&&(n.__P=!0,n.__=t,n.u=e,R.__H.__h.push(n))}function lt(t,e){var n=xe(Nt++,4);!L.__s&&cn(n.__H,e)&&(n.__P=!1,n.__=t,n.u=e,R.__h.push(n))}function D(t){return ve=5,xo(function(){return{current:t}},[])}function xo(t,e){var n=xe(Nt++,7);return cn(n.__H,e)&&(n.__=t(),n.__H=e),n.__}function qr(){var t;do{for(;t=an.shift();)try{Kt(t)}catch(n){L.__e(n,{__:(t=t.__P)&&t.__v})}for(;t=vo.shift();){var e=t.__H;if(t.__P&&e)try{e.__h.some(Kt),e.__h.some(ln),e.__h=[]}catch(n){e.__h=[],L.__e(n,t.__v)}}}while(an.length)}L.__b=function(t){R=null,fo&&fo(t)},L.__=function(t,e){t&&e.__k&&e.__k.__m&&(t.__m=e.__k.__m),go&&go(t,e)},L.__r=function(t){ho&&ho(t),Nt=0;var e=(R=t.__c).__H;e&&(sn==R?R.__h=[]:(e.__h.some(Kt),e.__h.some(ln),Nt=0),e.__h=[],e.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),sn=R},L.diffed=function(t){$o&&$o(t);var e=t.__c;e&&e.__H&&(e.__H.__h.length&&wo(vo.push(e)),e.__H.__.some(function(n){n.u&&(n.__H=n.u)})),sn=R=null},L.__c=function(t,e){e.some(function(n){try{n.__h.some(Kt),n.__h=n.__h.filter(function(o){return!o.__||ln(o)})}catch(o){n.__h=[function(){throw o}]}}),bo&&bo(t,e)},L.unmount=function(t){yo&&yo(t);var e,n,o=t.__c;o&&o.__H&&(o.__H.__.some(function(s){try{if(s.__P&&s.__c){if(n===void 0){for(n=t.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}s.__P=n,wo(an.push(s))}else Kt(s)}catch(r){e=r}}),o.__H=void 0,e&&L.__e(e,o.__v))};var _o=typeof requestAnimationFrame=="function";function Rr(t){var e,n=function(){clearTimeout(o),_o&&cancelAnimationFrame(e),setTimeout(t)},o=setTimeout(n,35);_o&&(e=requestAnimationFrame(n))}function wo(t){t!=1&&mo==L.requestAnimationFrame||((mo=L.requestAnimationFrame)||Rr)(qr)}function Kt(t){var e=R,n=t.__c;typeof n=="function"&&(t.__c=void 0,n()),R=e}function ln(t){var e=R;t.__c=t.__(),R=e}function cn(t,e){return!t||t.length!=e.length||e.some(function(n,o){return!rn(n,t[o])})}function ko(t,e){return typeof e=="function"?e(t):e}var f=uo.bind(no);var $={screen:"home",session:null,k:1,micro:0,cursor:null,focusCursor:!1,playing:!1,unit:"update",speed:3,dialog:null,singleKeys:!0,live:"",error:"",check:null,born:null,unitOpen:null,paint:null,server:null},ke=new Set,pn=!1;function ct(){pn||(pn=!0,queueMicrotask(()=>{pn=!1;for(let t of ke)t()}))}function x(t){Object.assign($,t),ct()}function k(){let[,t]=q(0);return W(()=>{let e=()=>t(n=>n+1);return ke.add(e),()=>ke.delete(e)},[]),$}function Mo(t){ke.add(t)}var N=(t,e)=>({rows:t,cols:e,data:new Float64Array(t*e)}),Dr=(t,e,n)=>({rows:t,cols:e,data:Float64Array.from(n)}),X=t=>Dr(t.length,t[0].length,t.flat()),Me=t=>({rows:t.rows,cols:t.cols,data:t.data.slice()}),C=(t,e,n)=>t.data[e*t.cols+n];function Q(t,e){let n=N(t.rows,t.cols);for(let o=0;o<t.data.length;o++)n.data[o]=e(t.data[o]);return n}function tt(t,e,n){let o=N(t.rows,t.cols);for(let s=0;s<t.data.length;s++)o.data[s]=n(t.data[s],e.data[s]);return o}function So(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=N(n,s);for(let a=0;a<n;a++){let i=r.data.subarray(a*s,(a+1)*s);for(let c=0;c<o;c++){let p=t.data[a*o+c],l=c*s;for(let d=0;d<s;d++)i[d]+=p*e.data[l+d]}}return r}function To(t,e){let[n,o,s]=[t.rows,t.cols,e.rows],r=N(n,s);for(let a=0;a<n;a++)for(let i=0;i<s;i++){let c=0;for(let p=0;p<o;p++)c+=t.data[a*o+p]*e.data[i*o+p];r.data[a*s+i]=c}return r}function Ao(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=N(o,s);for(let a=0;a<n;a++)for(let i=0;i<o;i++){let c=t.data[a*o+i];for(let p=0;p<s;p++)r.data[i*s+p]+=c*e.data[a*s+p]}return r}function Co(t,e){let n=N(t.rows,t.cols);for(let o=0,s=0;o<t.rows;o++)for(let r=0;r<t.cols;r++,s++)n.data[s]=t.data[s]+e.data[o];return n}function Oo(t){let e=N(t.rows,1);for(let n=0,o=0;n<t.rows;n++)for(let s=0;s<t.cols;s++,o++)e.data[n]+=t.data[o];return e}function un(t,e){let n=N(t.rows,e.length);for(let o=0;o<t.rows;o++)for(let s=0;s<e.length;s++)n.data[o*e.length+s]=t.data[o*t.cols+e[s]];return n}var Po=Math.sqrt(Math.PI);function Eo(t){let e=t,n=t;for(let o=1;e>n*1e-17;o++)e*=2*t*t/(2*o+1),n+=e;return 2/Po*Math.exp(-t*t)*n}function No(t){let e=t;for(let n=90;n>0;n--)e=t+n/2/e;return Math.exp(-t*t)/(Po*e)}function dn(t){let e=Math.abs(t)/Math.SQRT2;return e<2?t<0?(1-Eo(e))/2:(1+Eo(e))/2:t<0?No(e)/2:1-No(e)/2}var Io=1.0507009873554805,Lo=1.6732632423543772,qo=40,Fo=Math.sqrt(2/Math.PI),mn=t=>Math.min(Math.max(t,-qo),qo);function rt(t){let e=Math.exp(-Math.abs(t));return(t>=0?1:e)/(1+e)}function Wo(t,e){let n=Math.exp(-Math.abs(e));return t*n/((1+n)*(1+n))}var fn=t=>Math.max(t,0)+Math.log1p(Math.exp(-Math.abs(t))),Ro=(t,e)=>t>0?t:e*Math.expm1(Math.min(t,0)),Do=(t,e,n)=>t*(e>0?1:n*Math.exp(Math.min(e,0))),hn=t=>2*Fo*(t+.044715*t*t*t);function Fr(t,e){let n=Math.exp(-Math.abs(e)),o=2*n/(1+n*n);return t*o*o}function Wr(t,e){let n=mn(e),o=2*Fo*(1+3*.044715*n*n);return t*(rt(hn(n))+Wo(n*o,hn(n)))}function jr(t,e){let n=Math.tanh(fn(e));return t*(n+e*(1-n*n)*rt(e))}var Hr={identity:{forward:t=>t,backward:t=>t},relu:{forward:t=>t>0||t!==t?t:0,backward:(t,e)=>e>0?t:0},leaky_relu:{forward:t=>t>0?t:.01*t,backward:(t,e)=>e>0?t:.01*t},elu:{forward:t=>Ro(t,1),backward:(t,e)=>Do(t,e,1)},selu:{forward:t=>Io*Ro(t,Lo),backward:(t,e)=>Io*Do(t,e,Lo)},gelu:{forward:t=>t*dn(t),backward:(t,e)=>{let n=mn(e);return t*(dn(e)+n*Math.exp(-n*n/2)/Math.sqrt(2*Math.PI))}},gelu_tanh:{forward:t=>t*rt(hn(mn(t))),backward:Wr},silu:{forward:t=>t*rt(t),backward:(t,e)=>t*rt(e)*(1+e*rt(-e))},mish:{forward:t=>t*Math.tanh(fn(t)),backward:jr},softplus:{forward:fn,backward:(t,e)=>t*rt(e)},tanh:{forward:Math.tanh,backward:Fr},sigmoid:{forward:rt,backward:Wo}};function Se(t){let e=N(t.rows,t.cols);for(let n=0;n<t.cols;n++){let o=-1/0,s=0;for(let r=0;r<t.rows;r++)o=Math.max(o,t.data[r*t.cols+n]);for(let r=0;r<t.rows;r++)s+=e.data[r*t.cols+n]=Math.exp(t.data[r*t.cols+n]-o);for(let r=0;r<t.rows;r++)e.data[r*t.cols+n]/=s}return e}function Ur(t,e){let n=Se(e),o=N(e.rows,e.cols);for(let s=0;s<e.cols;s++){let r=0;for(let a=0;a<e.rows;a++)r+=t.data[a*e.cols+s]*n.data[a*e.cols+s];for(let a=0,i=s;a<e.rows;a++,i+=e.cols)o.data[i]=n.data[i]*(t.data[i]-r)}return o}var ft={...Object.fromEntries(Object.entries(Hr).map(([t,e])=>[t,{one:e,forward:n=>Q(n,e.forward),backward:(n,o)=>tt(n,o,e.backward)}])),softmax:{forward:Se,backward:Ur}};function jo(t,e,n){let o=N(1,t.cols);for(let s=0,r=0;s<t.rows;s++)for(let a=0;a<t.cols;a++,r++)o.data[a]+=n(t.data[r],e.data[r]);return o}function Br(t,e){let n=N(1,t.cols);for(let o=0;o<t.cols;o++){let s=-1/0,r=0,a=0;for(let i=o;i<t.data.length;i+=t.cols)s=Math.max(s,t.data[i]);for(let i=o;i<t.data.length;i+=t.cols){let c=t.data[i]-s;r+=Math.exp(c),a+=e.data[i]*c}n.data[o]=Math.log(r)-a}return n}var et={sigmoid:{activation:"sigmoid",equation:"sigmoid_cross_entropy",loss:(t,e)=>jo(t,e,(n,o)=>Math.max(n,0)-o*n+Math.log1p(Math.exp(-Math.abs(n)))),lossBackward:(t,e)=>tt(t,e,(n,o)=>rt(n)-o)},softmax:{activation:"softmax",equation:"softmax_cross_entropy",loss:Br,lossBackward:(t,e)=>tt(Se(t),e,(n,o)=>n-o)},identity:{activation:"identity",equation:"squared_error",loss:(t,e)=>{let n=jo(t,e,(o,s)=>(o-s)**2);return{...n,data:n.data.map(o=>o/2)}},lossBackward:(t,e)=>tt(t,e,(n,o)=>n-o)}};var Ho=(t,e,n)=>t/(1-e**n);function Yr(t,e,{v:n,s:o},{learning_rate:s,beta1:r,beta2:a,epsilon:i,epsilon_at:c,t:p}){n=r*n+(1-r)*e,o=a*o+(1-a)*e*e;let l={v̂:Ho(n,r,p),ŝ:Ho(o,a,p)},d=c==="hat"?(Math.sqrt(o)+i)/Math.sqrt(1-a**p):c==="inside"?Math.sqrt(l.ŝ+i):Math.sqrt(l.ŝ)+i;return{theta:t-s*(l.v̂/d),v:n,s:o,hats:l}}var Uo={equation:"adam_update",state:["v","s"],hats:{v̂:"v",ŝ:"s"},defaults:{beta1:.9,beta2:.999,epsilon:1e-8,epsilon_at:"outside"},one:Yr},B={gd:{equation:"gradient_descent_update",state:[],defaults:{},one:(t,e,n,{learning_rate:o})=>({theta:t-o*e})},momentum:{equation:"momentum_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n+(1-s)*e,{theta:t-o*n,v:n}}},nesterov:{equation:"nesterov_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n-o*e,{theta:t+s*n-o*e,v:n}}},rmsprop:{equation:"rmsprop_update",state:["s"],defaults:{beta:.99,epsilon:1e-8},one(t,e,{s:n},{learning_rate:o,beta:s,epsilon:r}){return n=s*n+(1-s)*e*e,{theta:t-o*(e/(Math.sqrt(n)+r)),s:n}}},adam:Uo,adamw:{...Uo,weight_decay:.01},lion:{equation:"lion_update",state:["v"],defaults:{beta1:.9,beta2:.99},one(t,e,{v:n},{learning_rate:o,beta1:s,beta2:r}){let a=Math.sign(s*n+(1-s)*e);return{theta:t-o*a,v:r*n+(1-r)*e}}}};function Mt({network:t,training:e,parameters:n,X:o,Y:s,masks:r},a=new Map,i=void 0){let c=(g,_)=>{let w=i?.name===g?i.value:_;return a.set(g,w),w},{activations:p}=t,l=p.length,d=g=>i?.name===g?i.value:n[g],h=c("A0",o),m=h;for(let g=1;g<=l;g++){let _=r?.[`A${g}`];m=c(`Z${g}`,Co(So(d(`W${g}`),h),d(`b${g}`))),h=c(_?`g(Z${g})`:`A${g}`,ft[p[g-1]].forward(m)),_&&(a.set(`mask${g}`,_),h=c(`A${g}`,tt(h,_,(w,S)=>w*S)))}if(!s)return a;a.set("Y",s);let b=c("loss",et[t.output].loss(m,s)),y=0;for(let g of b.data)y+=g;if(y/=b.cols,e.l2){let g=0;for(let _=1;_<=l;_++)for(let w of d(`W${_}`).data)g+=w*w;a.set("J_data",y),a.set("J_L2",e.l2/(2*b.cols)*g),a.set("J",y+a.get("J_L2"))}else a.set("J",y);return a}function Bo(t,e,n){return Mt({network:t,training:{},parameters:e,X:n,Y:null}).get(`A${t.activations.length}`)}function zr({network:t,training:e,parameters:n,masks:o=void 0},s){let{activations:r}=t,a=r.length,i=s.get("Y"),c=i.cols,p=et[t.output].lossBackward(s.get(`Z${a}`),i);for(let l=a;l>=1;l--){let d=n[`W${l}`];s.set(`dZ${l}`,p);let h=Q(To(p,s.get(`A${l-1}`)),y=>y/c);if(e.l2&&(s.set(`dW${l}_data`,h),s.set(`dW${l}_L2`,Q(d,y=>e.l2/c*y)),h=tt(h,s.get(`dW${l}_L2`),(y,g)=>y+g)),s.set(`dW${l}`,h),s.set(`db${l}`,Q(Oo(p),y=>y/c)),l===1)break;let m=Ao(d,p);s.set(`dA${l-1}`,m);let b=o?.[`A${l-1}`];b&&s.set(`dg(Z${l-1})`,m=tt(m,b,(y,g)=>y*g)),p=ft[r[l-2]].backward(m,s.get(`Z${l-1}`))}return s}function Zr({training:t,parameters:e,slots:n,t:o},s){let r=B[t.optimizer],a={...r.defaults,...t.hyperparameters,learning_rate:t.learning_rate,t:o},i={parameters:{},slots:{}};for(let[c,p]of Object.entries(e)){let l=p;t.weight_decay&&c[0]==="W"&&(l=Q(p,b=>(1-t.learning_rate*t.weight_decay)*b),s.set(`${c}_decayed`,l));let d=s.get(`d${c}`),h=Object.fromEntries([...r.state,...Object.keys(r.hats??{})].map(b=>[b,N(l.rows,l.cols)])),m=N(l.rows,l.cols);for(let b=0;b<l.data.length;b++){let y={};for(let _ of r.state)y[_]=n?.[`${_}_d${c}`]?.data[b]??0;let g=r.one(l.data[b],d.data[b],y,a);m.data[b]=g.theta;for(let _ of r.state)h[_].data[b]=g[_];for(let _ in r.hats)h[_].data[b]=g.hats[_]}for(let b in h)s.set(`${b}_d${c}`,h[b]);for(let b of r.state)i.slots[`${b}_d${c}`]=h[b];s.set(`${c}′`,m),i.parameters[c]=m}return i}function Pt(t){let e=new Map;Mt(t,e);for(let[o,s]of Object.entries(t.parameters))e.set(o,s);for(let[o,s]of Object.entries(t.slots??{}))e.set(`${o}⁻`,s);zr(t,e);let n=Zr(t,e);return{values:e,after:{...n,t:t.t}}}var Yo=(t,e)=>Object.is(t,e)||t===e?0:Math.abs(t-e)/Math.max(1,Math.abs(t),Math.abs(e));function Xr(t,e){if(typeof e=="number")return zo(Yo(t,e));if(!t||t.data.length!==e.data.length)return 1/0;let n=0;for(let o=0;o<t.data.length;o++)n=Math.max(n,zo(Yo(t.data[o],e.data[o])));return n}var zo=t=>Number.isNaN(t)?1/0:t;function $n({parameters:t,slots:e,quantities:n,after:o}){let s=(r,a)=>Object.entries(r??{}).map(([i,c])=>[`${i}${a}`,c]);return new Map([...s(t,""),...s(e,"⁻"),...s(n,""),...s(o,"′")])}function bn({network:t,training:e},{step:n,parameters:o,slots:s,quantities:r,learning_rate:a}){let i=Object.entries(r).filter(([c])=>c.startsWith("mask"));return{network:t,training:{...e,learning_rate:a??e.learning_rate},parameters:o,slots:s??{},t:n,X:r.A0,Y:r.Y,masks:i.length?Object.fromEntries(i.map(([c,p])=>[c.replace("mask","A"),p])):null}}function yn(t,e){let n={difference:0,worst:"",compared:0};for(let[o,s]of $n(e)){if(s==null||!t.has(o))continue;let r=Xr(t.get(o),s);n.compared+=1,r>n.difference&&Object.assign(n,{difference:r,worst:o}),t.set(o,s)}return n}var Zo=(t,e)=>yn(Pt(bn(t,e)).values,e);function Ae({network:t,training:e}){let n=t.activations.slice(0,-1).filter(o=>!ft[o]?.one);return[...e.beyond??[],...n,...et[t.output]?[]:[t.output],...B[e.optimizer]?[]:[e.optimizer]]}var Jr={input:"given"},Te=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!0,this.costs=[],this.changedFrom=1/0,this.numbers=e.golden.map(({step:n})=>n).sort((n,o)=>n-o),this.latest={t:this.numbers.at(-1)-1,parameters:e.golden.at(-1).parameters,slots:{}},this.size=Object.values(e.parameters).reduce((n,{data:o})=>n+o.length,0),this.opened=new Map;for(let{step:n,quantities:o}of e.golden)this.costs[n-1]=o.J}trainingAt(){return this.lesson.training}updatesPerEpoch(){return 1}golden(e){return this.lesson.golden.find(({step:n})=>n===e)}epochOf(e){return this.golden(e).epoch}batchOf(e){return Array.from({length:this.golden(e).quantities.Y.cols},(n,o)=>this.lesson.batches?.[e-1]?.[o]??o)}state(e){return{parameters:this.golden(e+1).parameters,slots:{},t:e}}open(e){return this.opened.has(e)||this.opened.set(e,this.openRecorded(e)),this.opened.get(e)}openRecorded(e){let n=this.golden(e),o=$n(n),s=this.lesson.entries.filter(({name:a})=>o.has(a)&&a!=="t"&&!(a in n.parameters)).map(({name:a,layer:i,phase:c,formula:p,equation:l})=>({id:a,layer:i,phase:Jr[c]??c,kind:"recorded",equation:l,formula:p,tokens:[{name:a},...Gr(p,a,o)]})),r={...bn(this.lesson,n),batch:this.batchOf(e)};return{k:e,problem:r,values:o,after:{parameters:n.after},steps:s,check:null,born:null}}reach(e,n=1){let o=this.numbers.filter(s=>e>=n?s>=e:s<=e);return e>=n?o[0]??this.numbers.at(-1):o.at(-1)??this.numbers[0]}};function Gr(t,e,n){let o=t.split("=").slice(1).join("=");return[...new Set(o.match(/[A-Za-z_]+\d+/g)??[])].filter(r=>r!==e&&n.has(r)).slice(0,3).flatMap(r=>[",",{name:r}]).slice(0,6).map((r,a)=>a===0?"←":r)}var M=t=>({name:t}),Xo=t=>({name:t,transposed:!0});function*Vr({activations:t},e){for(let n=1;n<=t.length;n++){let o=t[n-1],s=(a,i,c,...p)=>({id:a,phase:"forward",layer:n,kind:i,equation:c,tokens:p});yield s(`Z${n}`,"linear","linear_forward",M(`Z${n}`),"=",M(`W${n}`),"·",M(`A${n-1}`),"+",M(`b${n}`));let r=e(n)?`g(Z${n})`:`A${n}`;yield s(r,"activation",o,M(r),"=",o,"(",M(`Z${n}`),")"),e(n)&&(yield s(`A${n}`,"dropout","dropout_forward",M(`A${n}`),"=",M(r),"∘",M(`mask${n}`)))}}function*Kr({activations:t,output:e},n){let o=t.length,{equation:s}=et[e],r=(i,c,p,...l)=>({id:i,phase:"cost",layer:o,kind:c,equation:p,tokens:l});yield r("loss","loss",s,M("loss"),"=","loss","(",M(`Z${o}`),",",M("Y"),")");let a=["1/m","Σ",M("loss")];yield n?r("J","cost","l2_cost",M("J"),"=",...a,"+",M("J_L2")):r("J","cost","cost_from_logits",M("J"),"=",...a)}function*Qr({activations:t,output:e},n,o){let s=t.length;for(let r=s;r>=1;r--){let a=(c,p,l,...d)=>({id:c,phase:"backward",layer:r,kind:p,equation:l,tokens:d});if(r===s){let c=o(r)?`g(Z${r})`:`A${r}`;yield a(`dZ${r}`,"output",`${et[e].equation}_backward`,M(`dZ${r}`),"=",M(c),"−",M("Y"))}else{let c=o(r)?`dg(Z${r})`:`dA${r}`;o(r)&&(yield a(c,"dropout_back","dropout_backward",M(c),"=",M(`dA${r}`),"∘",M(`mask${r}`)));let p=t[r-1];yield a(`dZ${r}`,"activation_back",`${p}_backward`,M(`dZ${r}`),"=",M(c),"∘",`${p}′`,"(",M(`Z${r}`),")")}let i=n?["+","λ/m",M(`W${r}`)]:[];yield a(`dW${r}`,"weights","linear_backward",M(`dW${r}`),"=","1/m",M(`dZ${r}`),"·",Xo(`A${r-1}`),...i),yield a(`db${r}`,"bias","linear_backward",M(`db${r}`),"=","1/m","Σ",M(`dZ${r}`)),r>1&&(yield{...a(`dA${r-1}`,"back","linear_backward",M(`dA${r-1}`),"=",Xo(`W${r}`),"·",M(`dZ${r}`)),layer:r-1})}}function*ta({activations:t},{optimizer:e,weight_decay:n}){let o=B[e];for(let s=1;s<=t.length;s++)for(let r of[`W${s}`,`b${s}`]){let a=(l,d,h,...m)=>({id:l,phase:"update",layer:s,kind:d,equation:h,tokens:m}),i=n&&r[0]==="W"?`${r}_decayed`:r;i!==r&&(yield a(i,"decay","decoupled_decay",M(i),"=","(1 − α·λ)",M(r)));for(let l of o.state){let d=`${l}_d${r}`;yield a(d,"slot",o.equation,M(d),"←",M(`${d}⁻`),",",M(`d${r}`))}let c=o.hats?Object.keys(o.hats).map(l=>M(`${l}_d${r}`)):[M(`d${r}`)],p=e==="gd"?["−","α",M(`d${r}`)]:[",",...o.hats?c:o.state.map(l=>M(`${l}_d${r}`)).concat(c)].flatMap((l,d)=>d>1?[",",l]:[l]);yield a(`${r}′`,"update",o.equation,M(`${r}′`),e==="gd"?"=":"←",M(i),...p)}}function Jo(t,e,n){let o=s=>!!n?.[`A${s}`];return[{id:"A0",phase:"given",layer:0,kind:"batch",equation:"",tokens:[M("A0"),"→",M("Y")]},...Vr(t,o),...Kr(t,e.l2),...Qr(t,e.l2,o),...ta(t,e)]}function Go(t,e){for(let n of t){let o=e.get(n);if(typeof o=="number"){if(!Number.isFinite(o))return{name:n,row:0,col:0,value:o}}else if(o){let s=o.data.findIndex(r=>!Number.isFinite(r));if(s>=0)return{name:n,row:Math.floor(s/o.cols),col:s%o.cols,value:o.data[s]}}}return null}function gn(t){return t^=t>>>16,t=Math.imul(t,569420461),t^=t>>>15,t=Math.imul(t,1935289751),(t^t>>>15)>>>0}function St(t,...e){let n=e.reduce((o,s)=>gn(o+s|0),gn(t|0));return()=>(n=n+2654435769|0,gn(n)/2**32)}function J(t){return Math.sqrt(-2*Math.log(1-t()))*Math.cos(2*Math.PI*t())}function Vo(t,e){let n=Array.from({length:e},(o,s)=>s);for(let o=e-1;o>0;o--){let s=Math.floor(t()*(o+1));[n[o],n[s]]=[n[s],n[o]]}return n}var ea=2e6,Ko=({dropout:t})=>[t].flat().some(e=>e>0),It=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!1,this.numbers=[],this.trainings=[{from:1,training:e.training}];let n={parameters:e.parameters,slots:{},t:0};this.kept=new Map([[0,n]]),this.pinned=new Set([0]),this.stride=1,this.latest=n,this.costs=[],this.changedFrom=1/0,this.log=[],this.opened=new Map,e.resume&&this.resume(e.resume),this.stopped=null,this.followed=Math.min(e.training.batch_size?e.batches?.length??0:1/0,Ko(e.training)?e.masks?.length??0:1/0),this.size=Object.values(e.parameters).reduce((o,{data:s})=>o+s.length,0)}get examples(){return this.lesson.data.X.cols}trainingAt(e){return this.trainings.findLast(({from:n})=>n<=e).training}updatesPerEpoch(e=this.latest.t+1){let n=this.trainingAt(e).batch_size;return n?Math.ceil(this.examples/n):1}epochOf(e){return Math.floor((e-1)/this.updatesPerEpoch(e))}batchOf(e){let{lesson:n}=this;if(e<this.changedFrom&&n.batches?.[e-1])return n.batches[e-1];let{batch_size:o,seed:s}=this.trainingAt(e);if(!o||o>=this.examples)return Array.from({length:this.examples},(i,c)=>c);let r=this.epochOf(e);(this.order?.epoch!==r||this.order.seed!==s)&&(this.order={epoch:r,seed:s,examples:Vo(St(s,2,r),this.examples)});let a=(e-1)%this.updatesPerEpoch(e)*o;return this.order.examples.slice(a,a+o)}masksOf(e,n){let{dropout:o,seed:s}=this.trainingAt(e);if(!Ko({dropout:o}))return null;if(e<this.changedFrom&&this.lesson.masks?.[e-1])return this.lesson.masks[e-1];let r={};for(let a=1;a<this.network.activations.length;a++){let i=St(s,3,e,a),c=1-(Array.isArray(o)?o[a-1]:o);c<1&&(r[`A${a}`]=Q(N(this.network.layer_dims[a],n),()=>i()<c?1/c:0))}return r}problem(e,n){let o=this.batchOf(e),{X:s,Y:r}=this.lesson.data,a=o.length===s.cols&&o.every((i,c)=>i===c);return{network:this.network,training:this.trainingAt(e),...n,t:e,batch:o,X:a?s:un(s,o),Y:a?r:un(r,o),masks:this.masksOf(e,o.length)}}state(e){if(e===this.latest.t)return this.latest;let n=e;for(;!this.kept.has(n);)n--;let o=this.kept.get(n);for(;o.t<e;)o=Pt(this.problem(o.t+1,o)).after;return o}open(e){if(this.opened.has(e))return this.opened.get(e);let n=this.state(e-1),o=this.problem(e,n),{values:s,after:r}=Pt(o),a=n.forgotten&&B[o.training.optimizer].state.length>0,i=Jo(this.network,o.training,o.masks).filter(({phase:h})=>!a||h!=="update"),c=e<this.changedFrom&&e<=this.followed&&this.lesson.golden?.find(({step:h})=>h===e),p=c?yn(s,c):null,l=i.map(({id:h})=>h),d={k:e,problem:o,values:s,after:r,steps:i,check:p,born:Go(l,s)};return this.opened.size>3&&this.opened.delete(this.opened.keys().next().value),this.opened.set(e,d),d}advance(){let e=this.latest.t+1,{values:n,after:o}=Pt(this.problem(e,this.latest)),s=n.get("J"),r=Object.values(o.parameters).every(({data:a})=>a.every(Number.isFinite));return!Number.isFinite(s)||!r?(this.stopped=this.open(e).born??{name:"J",row:0,col:0,value:s},this.stopped.k=e,!1):(this.costs[e-1]=s,this.latest=o,e%this.stride===0&&this.keep(o),!0)}reach(e,n=1){for(;this.latest.t<e-1;)if(!this.advance())return this.latest.t+1;return Math.max(1,e)}arrive(e,n,o,s){this.latest={parameters:n,slots:s??{},t:e,forgotten:!s&&e>0},this.changedFrom=Math.min(this.changedFrom,e+1),this.opened.clear(),e&&Number.isFinite(o)&&(this.costs[e-1]=o),e%this.stride===0&&this.keep(this.latest)}keep(e){this.kept.set(e.t,e);let n=1+Object.keys(e.slots).length/Math.max(1,Object.keys(e.parameters).length);if(!(this.kept.size*this.size*n<=ea||this.kept.size<16)){this.stride*=2;for(let o of this.kept.keys())o%this.stride&&!this.pinned.has(o)&&this.kept.delete(o)}}branch(e){this.latest=this.state(e);for(let n of[...this.kept.keys()])n>e&&this.kept.delete(n);this.kept.set(e,this.latest),this.pinned.add(e),this.costs.length=Math.min(this.costs.length,e),this.trainings=this.trainings.filter(({from:n})=>n<=e+1),this.log=this.log.filter(n=>n.t<=e),this.changedFrom=Math.min(this.changedFrom,e+1),this.opened.clear(),this.order=void 0,this.stopped=null}edit(e,n,o,s,r){this.branch(e),this.log.push({t:e,edit:[n,o,s,r]});let a=Me(this.latest.parameters[n]);a.data[o*a.cols+s]=r,this.latest={...this.latest,parameters:{...this.latest.parameters,[n]:a}},this.kept.set(e,this.latest)}standing(){return{states:[...[...this.pinned].filter(n=>n>0).map(n=>this.kept.get(n)).filter(({t:n})=>n!==this.latest.t),this.latest],costs:{rows:1,cols:this.costs.length,data:Float64Array.from(this.costs,n=>n??NaN)},log:this.log,trainings:this.trainings,changedFrom:this.changedFrom}}resume({states:e,costs:n,log:o,trainings:s,changedFrom:r}){for(let a of e)this.kept.set(a.t,a),this.pinned.add(a.t);Object.assign(this,{latest:e.at(-1),costs:Array.from(n.data),log:o,trainings:s,changedFrom:r})}replay(e){for(let{t:n,edit:o,set:s}of e){if(this.reach(n+1)!==n+1)return;o?this.edit(n,...o):this.retrain(n,s)}}retrain(e,n){let o=this.trainingAt(e+1);this.branch(e),this.log.push({t:e,set:n});let s={...o,...n};this.trainings=[...this.trainings.filter(({from:r})=>r<=e),{from:e+1,training:s}],n.optimizer&&n.optimizer!==o.optimizer&&(this.latest={...this.latest,slots:{}},this.kept.set(e,this.latest))}};var na={"app.name":"DeepStep","app.offline":"Works offline. Nothing leaves this page.","app.skip":"Skip to the content","app.screens":"Screens","screen.home":"Home","screen.play":"Play","screen.lab":"Step lab","app.share":"Share","app.help":"Help and keys","app.find":"Find a quantity","app.close":"Close","app.recorded":"The page cannot compute {parts}: it shows the updates {numbers} as Python recorded them.","home.title":"The deep network, with every step open","home.lead":"Train a network here, stop anywhere, and open any number: what made it, from what, and what it does next.","home.play":"Start with a data set","home.open":"Bring your own","home.csv":"Numbers as a table","home.csvHint":"One example a line, the target in the last column. Paste here, or drop a CSV file on this page.","home.csvExample":`x1,x2,class
0.1,0.7,a
0.9,0.2,b`,"home.csvUse":"Use this table","home.file":"Open a lesson or CSV file","home.fileHint":"A page or lesson that was exported from DeepStep, or a table.","home.continue":"Go on with “{title}”","toy.circles":"Circles","toy.xor":"XOR","toy.gaussians":"Two clouds","toy.moons":"Moons","toy.spirals":"Spirals","toy.arms":"Three arms","toy.plane":"Plane","toy.wave":"Wave","kind.binary":"two classes","kind.classes":"{n} classes","kind.numbers":"numbers","error.notALesson":"This file is no DeepStep lesson.","error.newerLesson":"This lesson was made by a newer DeepStep: update yours.","error.csv.short":"A table needs at least two lines.","error.csv.narrow":"A table needs at least two columns: inputs, then the target.","error.csv.large":"This table is too large for the page; use DeepStep in Python.","error.csv.numbers":"All columns but the last must hold numbers.","error.csv.target":"The target has more than 10 different texts, or only one.","error.server.refused":"The server did not give its lesson: open the address that it printed, in one window.","error.file":"This file could not be read.","axis.units":"units","axis.unitsBefore":"units before","axis.inputs":"inputs","axis.outputs":"outputs","axis.examples":"examples","axis.one":"1","axis.rows":"rows","axis.columns":"columns","phase.given":"Batch","phase.forward":"Forward","phase.cost":"Cost","phase.backward":"Backward","phase.update":"Update","say.batch":"The batch: {m} examples, each a column of {n} inputs, and the targets Y.","say.linear":"Layer {l}: each of its {n} units weighs the {before} numbers handed to it and adds its bias.","say.activation":"Layer {l}: {g} bends each pre-activation; A{l} is what the layer hands on.","say.dropout":"Layer {l}: dropout puts some activations to 0 and raises the others, so the mean stays.","say.loss":"How wrong each of the {m} answers is, one number an example, computed from the logits.","say.cost":"The cost J is the mean loss of the batch: the one number that training makes smaller.","say.output":"Backward begins: for this output and loss, the derivative by Z{l} is simply output minus target.","say.weights":"Layer {l}: each weight’s share of the error, averaged over the {m} examples.","say.bias":"Layer {l}: each bias’s share of the error, the mean of its row of dZ{l}.","say.back":"The error goes back through W{next} to what layer {l} handed on.","say.activation_back":"Layer {l}: the slope of {g} at each Z{l} lets the error through, or stops it.","say.dropout_back":"Layer {l}: what dropout put to 0 gets no error.","say.decay":"Layer {l}: weight decay shortens the weights a little.","say.slot":"Layer {l}: the optimizer’s memory of {name} takes in the new gradient.","say.recorded":"{name}, as Python computed and recorded it.","say.update":"Layer {l}: {name} moves against its gradient. The next step starts from here.","lab.update":"Update {k}","lab.epoch":"epoch {e}","lab.steps":"Micro-steps of this update","lab.equation":"The equation in numbers","lab.network":"Part of the network that is at work: {part}","lab.shape":"{rows} × {cols}","lab.rows":"rows {from}–{to} of {of}","lab.columns":"columns {from}–{to} of {of}","lab.cell":"{name}, row {row}, column {col}: {value}","lab.source":"The library’s own source","lab.noSource":"The source of this step did not come with the page.","lab.line":"{file}, line {line}","lab.keep":"Of a matrix that does not fit a window is shown; the strip below it shows the whole. Rows and columns count from 0.","inspect.title":"Cell inspector","inspect.none":"Choose a number: it opens here.","inspect.given":"Given to this step: nothing in it was computed.","inspect.recorded":"As Python recorded it.","inspect.parameter":"A parameter as it stood before this update.","inspect.example":"Column {col} is example {i}: {inputs}; target {target}.","inspect.historyText":"From {first} to {last} over {n} updates.","inspect.exact":"All digits","inspect.copy":"Copy","inspect.copied":"Copied.","inspect.code":"As code","inspect.formula":"Formula","inspect.puts":"Numbers put in","inspect.terms":"Largest of {n} terms","inspect.rest":"{n} more add up to {value}","inspect.numeric":"Check it numerically","inspect.numericValue":"Numeric derivative","inspect.agrees":"agrees: the difference is {difference}","inspect.disagrees":"differs by {difference}: there may be a bend here","inspect.made":"Show the micro-step that made it","check.title":"Gradient check of this update","check.button":"Gradient check","check.lead":"Each derivative beside a numeric one: the quantity is moved where it stands, and the cost is taken again.","check.quantity":"Quantity","check.checked":"Checked","check.difference":"Largest relative difference","check.verdict":"Verdict","check.good":"✓ agrees","check.bad":"✗ differs","check.all":"All {n} derivatives agree with their numeric twins.","check.some":"{n} of the derivatives differ: look where a bend of the activation is near.","check.running":"Checking…","golden.good":"recomputed = recorded, max diff {difference} ✓","golden.bad":"recomputed ≠ recorded: {name} differs by {difference}","golden.explain":"This page recomputed {n} quantities that Python recorded, and compared every number.","born.title":"Stopped: {name} is not finite","born.text":"At update {k}, row {row}, column {col} of {name} became {value}. The state before it is kept.","born.show":"Take me there","play.data":"Data","play.network":"Network","play.training":"Training","play.set":"Data set","play.examples":"{n} examples · inputs: {x}","play.paint":"Paint points","play.paintHint":"Click in the map to add a point of this class.","play.addPoint":"Add a point","play.class":"Class","play.layers":"Hidden layers","play.moreLayers":"Add a hidden layer","play.fewerLayers":"Take a hidden layer away","play.moreUnits":"One unit more in layer {l}","play.fewerUnits":"One unit less in layer {l}","play.inputs":"Inputs","play.layer":"Layer {l}","play.outputLayer":"Output","play.activation":"Activation of layer {l}","play.optimizer":"Optimizer","play.rate":"Learning rate","play.l2":"L2 strength λ","play.batch":"Batch size","play.all":"all","play.dropout":"Dropout","play.restart":"New weights","play.undo":"Undo","play.unit":"Unit {j} of layer {l}","play.unitLabel":"Unit {j} of layer {l}, bias {b}","play.bias":"Bias","play.weightFrom":"from {from}","play.more":"+{n}","play.moreWeights":"{n} more weights; open W{l} in the Step lab.","play.look":"Open layer {l} in the Step lab","play.map":"Decision map","play.mapHint":"Axes: {x} and {y}; other inputs at their means.","play.mapText":"The network’s answer over {x} and {y}.","play.cost":"Cost J","play.costText":"J began at {first} and was {last} before update {n}; lowest {low}.","play.costNone":"No update done yet. Press play, or step.","play.table":"As a table","play.accuracy":"{n} of {m} right","play.error":"mean squared error {value}","play.legend":"Blue, solid: positive. Orange, dashed: negative. Thick: large.","bar.label":"Transport","bar.start":"Back to the start","bar.play":"Play","bar.pause":"Pause","bar.back":"Micro-step back","bar.next":"Micro-step","bar.layerNext":"Next layer","bar.updateBack":"Update back","bar.updateNext":"Update","bar.epochNext":"Epoch","bar.unit":"Play by","bar.unit.micro":"micro-step","bar.unit.update":"update","bar.unit.epoch":"epoch","bar.speed":"Speed","bar.scrub":"Micro-step of this update","bar.scrubUpdates":"Updates done","bar.done":"{n} updates done","bar.cost":"J = {value}","layers.title":"Layers now","layers.layer":"Layer","layers.gradient":"dW","layers.ratio":"ΔW / W","layers.units":"Units","layers.dead":"{n} dead","layers.saturated":"{share} % saturated","share.title":"Share this state","share.html":"As one HTML file","share.htmlHint":"Opens anywhere without an install, trains in the page; about {size}.","share.save":"Save the page","share.saved":"Saved {name}, {size}.","share.lesson":"Save the lesson (JSON)","share.code":"Python that makes this state again","share.copy":"Copy the code","share.link":"Copy a link to this place","share.copied":"Copied.","find.title":"Find a quantity","find.label":"Name, such as dW2","find.none":"No quantity of that name in this update.","help.title":"Keys","help.space":"Play or pause","help.micro":"Micro-step back, forward","help.layer":"Layer back, forward","help.update":"Update back, forward","help.find":"Find a quantity","help.help":"This list","help.grid":"In a matrix: arrows, Home, End, Page keys move from number to number; Enter goes to the micro-step that made it.","help.single":"Single keys work as shortcuts","help.count":"Rows and columns count from 0, as in Python. Columns of X, Z and A are examples.","server.on":"Connected to Python","server.off":"The connection to Python ended; the page goes on by itself."},oa=na;function u(t,e={}){return(oa[t]??t).replace(/\{(\w+)\}/g,(o,s)=>s in e?String(e[s]):o)}function Ce(t,e){if(e.kind==="recorded")return u("say.recorded",{name:e.id});let{layer_dims:n,activations:o}=t.network,{layer:s,kind:r,id:a}=e;return u(`say.${r}`,{l:s,next:s+1,n:n[s],before:n[s-1],g:o[s-1],m:t.batchOf(1).length,name:a.replace("′","").replace(/^._/u,"")})}var sa=1e5,ra={micro:[2400,1400,800,350,100],other:[500,150,40,0,0]},aa=12,I=()=>$.session.open($.k),Oe=()=>I().steps[$.micro];function ht(t){$.playing&&Qt(!1),t==="lab"?$.unit="micro":$.unit==="micro"&&($.unit="update"),x({screen:t})}function Ee(){$.server?.on&&$.server.leave()}function $t(t,e){Ee();let n=Ae(t).length?new Te(t):new It(t);n.isRecorded&&(e="lab"),x({session:n,k:1,micro:1,playing:!1,born:null,error:"",check:null,paint:null}),$.unitOpen=[n.network.activations.length,0],ht(e),Lt(),n.isRecorded||ia(n)}function ia(t){let{lesson:e}=t,n=[...e.golden??[]],o={difference:0,worst:"",compared:0},s=()=>{let r=n.shift();if(!r||t!==$.session)return;let a=Zo(e,r);o.compared+=a.compared,a.difference>=o.difference&&Object.assign(o,{difference:a.difference,worst:a.worst}),x({check:{...o}}),setTimeout(s,30)};setTimeout(s,0)}function Lt(t=!0){let{steps:e,values:n}=I();$.micro=Math.max(0,Math.min($.micro,e.length-1));let{id:o}=e[$.micro],s=n.get(o),[r,a]=typeof s=="number"?[1,1]:[s.rows,s.cols];$.cursor={name:o,row:Math.min($.cursor?.row??0,r-1),col:Math.min($.cursor?.col??0,a-1)},$.focusCursor=!1,t&&!($.playing&&($.speed>2||$.unit!=="micro"))&&($.live=Ce($.session,e[$.micro])),ct()}function F(t,e=$.micro){let{session:n,server:o}=$;return o?.on&&t-1>n.latest.t?(o.send({do:"step",steps:t-1-n.latest.t}),$.k):($.k=n.reach(t,$.k),n.stopped&&$.k<t&&x({playing:!1,born:n.stopped}),$.micro=$.k===t||n.isRecorded?e:$.micro,Lt(),$.k)}function Tt(t){$.micro=t,Lt()}function At(t){let e=$.micro+t;e<0?$.k>1&&F($.k-1,1/0):e>=I().steps.length?F($.k+1,0):Tt(e)}function Ne(t){let{steps:e}=I(),n=({phase:r,layer:a})=>`${r} ${a}`,o=n(e[$.micro]),s=$.micro;for(;s>=0&&s<e.length&&n(e[s])===o;)s+=t;if(s<0||s>=e.length)return At(s<0?-($.micro+1):e.length-$.micro);if(t<0)for(;s>0&&n(e[s-1])===n(e[s]);)s-=1;Tt(s)}var qt=t=>F($.k+t);function _n(){let t=$.session.updatesPerEpoch($.k);F($.k+t-($.k-1)%t)}function Qt(t=!$.playing){if(!($.playing===t||!$.session)){if(x({playing:t,born:t?null:$.born}),$.server?.on&&$.unit!=="micro")return $.server.send(t?{do:"train",steps:sa}:{do:"stop"});t?requestAnimationFrame(ts):Lt()}}var Qo=0;function ts(t){if(!$.playing||(requestAnimationFrame(ts),t-Qo<ra[$.unit==="micro"?"micro":"other"][$.speed]))return;if(Qo=t,$.unit==="micro")return At(1);if($.unit==="epoch")return _n();let e=performance.now()+aa,n=$.speed<4?1:1/0;for(let o=0;o<n&&performance.now()<e&&$.playing;o++){let s=$.k;if($.session.latest.t>=$.k?F($.k+1)===s:!la())break}Lt(!1)}function la(){let{session:t}=$;return t.latest.t<$.k&&!t.advance()?(x({playing:!1,born:t.stopped}),!1):($.k=t.latest.t+1,!0)}function Rt(t,e=!1){x({cursor:t,focusCursor:e})}function pt({name:t,row:e,col:n}){let o=I().steps.findIndex(({id:s})=>s===t);o<0||($.micro=o,$.cursor={name:t,row:e,col:n},Lt(),$.screen!=="lab"&&ht("lab"),x({dialog:null}))}function es(){let{k:t,name:e,row:n,col:o}=$.born;$.k=t,x({born:null}),pt({name:e,row:n,col:o})}var K=()=>globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches??!1,ns=[0,114,178],os=[213,94,0],ca=[86,180,233],pa=[240,140,60];function ss(t,e){if(!Number.isFinite(t))return"var(--alarm-tint)";let n=e>0?Math.min(1,Math.abs(t)/e):0,[o,s,r]=t<0?os:ns;return`rgba(${o}, ${s}, ${r}, ${(.34*n).toFixed(3)})`}function ut(t,e=K()){let[n,o,s]=e?[ca,pa,[38,43,51]]:[ns,os,[246,247,249]],r=t<0?o:n,a=Math.min(1,Math.abs(t));return s.map((i,c)=>Math.round(i+(r[c]-i)*a))}var Dt=[[213,94,0],[0,114,178],[0,158,115],[204,121,167],[230,159,0],[86,180,233],[120,94,40],[90,90,90],[150,60,20],[20,60,140]],wn=new WeakMap;function Ft(t){if(!wn.has(t)){let e=0;for(let n of t.data)Math.abs(n)>e&&Number.isFinite(n)&&(e=Math.abs(n));wn.set(t,e)}return wn.get(t)}function vn(t,[e,n]=[0,1]){let o=r=>r<t.X.rows?t.X.data.subarray(r*t.X.cols,(r+1)*t.X.cols):t.Y.data.subarray(0,t.X.cols),s=r=>{let[a,i]=[1/0,-1/0];for(let p of r)[a,i]=[Math.min(a,p),Math.max(i,p)];let c=(i-a||1)*.1;return[a-c,i+c]};return{x:s(o(e)),y:s(o(n)),xs:o(e),ys:o(n)}}function Wt({Y:t},e){if(t.rows===1)return t.data[e]>.5?1:0;let n=0;for(let o=1;o<t.rows;o++)t.data[o*t.cols+e]>t.data[n*t.cols+e]&&(n=o);return n}var rs=[(t,e,n,o)=>t.arc(e,n,o,0,2*Math.PI),(t,e,n,o)=>t.rect(e-o*.9,n-o*.9,1.8*o,1.8*o),(t,e,n,o)=>(t.moveTo(e,n-1.2*o),t.lineTo(e+1.1*o,n+o),t.lineTo(e-1.1*o,n+o),t.closePath()),(t,e,n,o)=>(t.moveTo(e,n-1.3*o),t.lineTo(e+1.3*o,n),t.lineTo(e,n+1.3*o),t.lineTo(e-1.3*o,n),t.closePath())];function xn(t,e,n,o,s){let r=K(),a=e.kind==="numbers",i=1;if(a)for(let p of e.Y.data)i=Math.max(i,Math.abs(p));let c=Math.ceil(e.X.cols/1500);for(let p=0;p<e.X.cols;p+=c){let l=(n.xs[p]-n.x[0])/(n.x[1]-n.x[0])*o,d=o-(n.ys[p]-n.y[0])/(n.y[1]-n.y[0])*o,h=a?0:Wt(e,p),[m,b,y]=a?ut(e.Y.data[p]/i,r):Dt[h%Dt.length];t.beginPath(),rs[h%rs.length](t,l,d,s),t.fillStyle=`rgb(${m},${b},${y})`,t.fill(),t.lineWidth=Math.max(.8,s/3),t.strokeStyle=r?"rgba(255,255,255,.75)":"rgba(255,255,255,.9)",t.stroke()}}function as({data:t,size:e}){let n=D(null);return W(()=>{let o=n.current.getContext("2d");o.clearRect(0,0,2*e,2*e),xn(o,t,vn(t),2*e,4.5)},[t,K()]),f`<canvas class="scatter" ref=${n} width=${2*e} height=${2*e} aria-hidden="true"></canvas>`}var ua=new Set(["relu","leaky_relu","elu","gelu","gelu_tanh","silu","mish","softplus"]);function is({layer_dims:t,activations:e},n){let o={};for(let s=1;s<t.length;s++){let r=St(n,1,s),a=Math.sqrt((ua.has(e[s-1])?2:1)/t[s-1]);o[`W${s}`]=Q(N(t[s],t[s-1]),()=>a*J(r)),o[`b${s}`]=N(t[s],1)}return o}var Sn="deepstep-lesson",da=t=>t&&typeof t=="object"&&typeof t.f8=="string";function ma({shape:t,f8:e}){let n=Uint8Array.from(atob(e),i=>i.charCodeAt(0)),o=new DataView(n.buffer),s=new Float64Array(n.length/8);for(let i=0;i<s.length;i++)s[i]=o.getFloat64(8*i,!0);let[r,a]=t.length===2?t:t.length===1?[1,t[0]]:[1,1];return{rows:r,cols:a,data:s}}function Tn({rows:t,cols:e,data:n}){let o=new Uint8Array(8*n.length),s=new DataView(o.buffer);n.forEach((a,i)=>s.setFloat64(8*i,a,!0));let r="";for(let a=0;a<o.length;a+=8192)r+=String.fromCharCode(...o.subarray(a,a+8192));return{shape:[t,e],f8:btoa(r)}}var ls={nan:NaN,inf:1/0,"-inf":-1/0},fa=new Set(["title","sources","formulas","code","origin","names","classes","name","kind","place","toy","log"]);function kn(t){if(da(t))return ma(t);if(Array.isArray(t))return t.map(kn);if(t&&typeof t=="object"){let e=Object.entries(t);return Object.fromEntries(e.map(([n,o])=>[n,fa.has(n)?o:kn(o)]))}return typeof t=="string"&&t in ls?ls[t]:t}function te(t){if(t?.format!==Sn)throw new Error("notALesson");if(t.version!==1)throw new Error("newerLesson");return kn(t)}function Mn(t){return t?.data instanceof Float64Array?Tn(t):typeof t=="number"&&!Number.isFinite(t)?Number.isNaN(t)?"nan":t>0?"inf":"-inf":Array.isArray(t)?t.map(Mn):t&&typeof t=="object"?Object.fromEntries(Object.entries(t).filter(([,e])=>e!==void 0).map(([e,n])=>[e,Mn(n)])):t}var ee=t=>JSON.stringify(Mn(t)).replaceAll("<","\\u003c");var jt={sources:{},formulas:{}};function cs({sources:t,formulas:e}){Object.assign(jt,{sources:t,formulas:e})}var ha={binary:"sigmoid",classes:"softmax",numbers:"identity"},$a={optimizer:"gd",hyperparameters:{},learning_rate:.3,l2:0,weight_decay:0,batch_size:null,dropout:0,seed:1},ne={gd:.3,momentum:.3,nesterov:.1,rmsprop:.01,adam:.03,adamw:.03,lion:.01};function oe(t,{hidden:e=[8,8],activations:n=["tanh","tanh"],training:o={}}={}){let s=ha[t.kind],r={layer_dims:[t.X.rows,...e,t.Y.rows],activations:[...n,et[s].activation],output:s},a={...$a,...o};return a.hyperparameters={...B[a.optimizer].defaults,...a.hyperparameters},{format:Sn,version:1,title:t.name,network:r,training:a,parameters:is(r,a.seed),data:t,batches:[],masks:null,golden:[],recorded:[],...jt,code:"",origin:"page",wide:!1}}var ba=2e6,ps=10;function ya(t,e){let n=[],o=new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${e}]*))(?:${e}|$)`,"y");for(;o.lastIndex<=t.length;){let[s,r,a]=o.exec(t)??[];if(s===void 0||(n.push(r?.replaceAll('""','"')??a.trim()),!s.endsWith(e)||o.lastIndex>t.length))break}return n}var se=t=>t!==""&&Number.isFinite(Number(t));function Pe(t,e="table"){let n=t.split(/\r?\n/).filter(l=>l.trim());if(n.length<2)throw new Error("csv.short");let o=["	",";",","].find(l=>n[0].includes(l))??",",s=n.map(l=>ya(l,o)),r=s[0].length;if(r<2)throw new Error("csv.narrow");if(s.length*r>ba)throw new Error("csv.large");let i=s[0].slice(0,-1).some(l=>!se(l))?s.shift():Array.from({length:r},(l,d)=>`x${d+1}`),c=s.filter(l=>l.length===r&&l.slice(0,-1).every(se)&&l[r-1]!=="");if(c.length<2)throw new Error("csv.numbers");return{X:X(Array.from({length:r-1},(l,d)=>us(c.map(h=>Number(h[d]))))),...ga(c.map(l=>l[r-1])),names:i.slice(0,-1),name:e,left_out:s.length-c.length}}function us(t){let e=t.reduce((o,s)=>o+s,0)/t.length,n=Math.sqrt(t.reduce((o,s)=>o+(s-e)**2,0)/t.length)||1;return t.map(o=>(o-e)/n)}function ga(t){let e=[...new Set(t)].sort((o,s)=>se(o)&&se(s)?o-s:o<s?-1:1),n=t.every(o=>Number.isInteger(Number(o)));if(e.length===2)return{Y:X([t.map(o=>e.indexOf(o))]),classes:e,kind:"binary"};if(t.every(se)&&!(n&&e.length<=ps))return{Y:X([us(t.map(Number))]),classes:null,kind:"numbers"};if(e.length>ps||e.length<2)throw new Error("csv.target");return{Y:X(e.map(o=>t.map(s=>+(s===o)))),classes:e,kind:"classes"}}var An=200;function Ht(t,e){let n=X([t.map(([o])=>o),t.map(([,o])=>o)]);return e.length===2?{X:n,Y:X([t.map(([,,o])=>o)]),names:["x1","x2"],classes:e,kind:"binary"}:{X:n,Y:X(e.map((o,s)=>t.map(([,,r])=>+(r===s)))),names:["x1","x2"],classes:e,kind:"classes"}}var bt=t=>Array.from({length:An},(e,n)=>t(n)),re=["orange","blue"],ds={circles:t=>Ht(bt(e=>{let[n,o]=[(e%2?1:.45)+.09*J(t),2*Math.PI*t()];return[n*Math.cos(o),n*Math.sin(o),e%2]}),re),xor:t=>Ht(bt(()=>{let e=()=>(t()<.5?-1:1)*(.12+.9*t()),[n,o]=[e(),e()];return[n,o,n*o>0?1:0]}),re),gaussians:t=>Ht(bt(e=>[(e%2?.55:-.55)+.3*J(t),(e%2?.5:-.5)+.3*J(t),e%2]),re),moons:t=>Ht(bt(e=>{let n=Math.PI*t(),[o,s]=e%2?[1-Math.cos(n),.45-Math.sin(n)]:[Math.cos(n),Math.sin(n)];return[(o-.5)/1.3+.07*J(t),(s-.22)/1+.07*J(t),e%2]}),re),spirals:t=>Ht(bt(e=>{let n=Math.floor(e/2)/(An/2),o=1.75*2*Math.PI*n+e%2*Math.PI,s=.08+n;return[s*Math.sin(o)+.025*J(t),s*Math.cos(o)+.025*J(t),e%2]}),re),arms:t=>Ht(bt(e=>{let n=Math.sqrt(t()),o=2*Math.PI/3*(e%3)+3.2*n+.14*J(t);return[n*Math.cos(o),n*Math.sin(o),e%3]}),["orange","blue","green"]),plane:t=>{let e=bt(()=>[2*t()-1,2*t()-1]),n=X([e.map(([o,s])=>(o+s)/2+.03*J(t))]);return{X:X([e.map(([o])=>o),e.map(([,o])=>o)]),Y:n,names:["x1","x2"],classes:null,kind:"numbers"}},wave:t=>{let e=bt(n=>-1+2*n/(An-1));return{X:X([e]),Y:X([e.map(n=>Math.sin(4*n)/1.5+.06*J(t))]),names:["x"],classes:null,kind:"numbers"}}},Ct=Object.keys(ds),ae=(t,e=1)=>({...ds[t](St(e,4,Ct.indexOf(t))),name:t});function yt(t,e="play"){let n=oe(ae(t.data),fs(t,ae(t.data))),{log:o,...s}=t;$t({...n,title:u(`toy.${t.data}`),toy:s},e)}function Cn(t,e={},n="play"){$t(oe(t,fs(e,t)),n)}function fs({hidden:t,activations:e,training:n},o){let s=o.X.rows>64?[16,8]:[8,8],r=o.kind==="numbers"?.03:ne[n?.optimizer??"gd"];return{hidden:t??s,activations:e??(t??s).map(()=>"tanh"),training:{learning_rate:r,...n}}}function ms(t){$t(te(t),"lab")}function Ie(t){let e=te(t);cs(e),$t(e,"lab")}var _a=/<script type="application\/json" id="deepstep-lesson">([\s\S]*?)<\/script>/;async function On(t,e){try{let n=_a.exec(e);if(n)return ms(JSON.parse(n[1]));if(/^\s*\{/.test(e))return ms(JSON.parse(e));Cn(Pe(e,t.replace(/\.\w+$/,"")))}catch(n){let o=`error.${n.message}`;x({error:u(o)===o?u("error.file"):u(o),screen:"home"})}}function hs(){document.addEventListener("dragover",t=>t.preventDefault()),document.addEventListener("drop",async t=>{t.preventDefault();let[e]=t.dataTransfer?.files??[];e&&await On(e.name,await e.text())})}var wa=Ct.map(t=>ae(t)),En=({kind:t,classes:e})=>u(`kind.${t}`,{n:e?.length});function va({data:t}){return f`<li>
<button type="button" class="tile" data-toy=${t.name} onClick=${()=>yt({data:t.name})}>
<${as} data=${t} size=${132} />
<span class="tile-name">${u(`toy.${t.name}`)}</span>
<span class="tile-kind">${En(t)}</span>
</button>
</li>`}function xa(){let t=D(null),[e,n]=q(""),o=()=>{try{Cn(Pe(t.current.value))}catch(s){n(u(`error.${s.message}`))}};return f`<section class="card" aria-labelledby="csv-title">
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
</section>`}function ka(){let{error:t}=k(),e=async n=>{let[o]=n.target.files;o&&await On(o.name,await o.text()),n.target.value=""};return f`<section class="card" aria-labelledby="file-title">
<h3 id="file-title"><label for="file">${u("home.file")}</label></h3>
<p class="quiet" id="file-hint">${u("home.fileHint")}</p>
<input type="file" id="file" accept=".html,.json,.csv,.txt,.tsv" aria-describedby="file-hint file-error" onChange=${e} />
<p class="error" id="file-error" role="alert">${t}</p>
</section>`}function Nn(){let{session:t}=k();return f`<div class="home">
<div class="hero">
<h1>${u("home.title")}</h1>
<p class="lead">${u("home.lead")}</p>
<p class="quiet">${u("app.offline")}</p>
${t?f`<p><button
type="button"
class="button"
onClick=${()=>ht(t.isRecorded?"lab":"play")}
>${u("home.continue",{title:t.lesson.title})}</button></p>`:null}
</div>
<h2>${u("home.play")}</h2>
<ul class="tiles">${wa.map(e=>f`<${va} data=${e} key=${e.name} />`)}</ul>
<h2>${u("home.open")}</h2>
<div class="home-open"><${xa} /><${ka} /></div>
</div>`}function $s(t,e,n,o){Number.isFinite(o)&&(Ee(),$.session.edit($.k-1,t,e,n,o),x({born:null,check:null}),F($.k))}function Ut(t){Object.keys(t).some(e=>e!=="learning_rate")&&Ee(),$.server?.on&&$.server.send({do:"set",learning_rate:t.learning_rate}),$.session.retrain($.k-1,t),x({born:null}),F($.k)}function bs(){let{session:t,k:e}=$,n=t.log.slice(0,-1),o=new It({...t.lesson,resume:void 0});o.replay(n),x({session:o,born:null}),F(Math.min(e,t.latest.t+1))}function Ma(){let{session:t}=$,{layer_dims:e,activations:n}=t.network;return{hidden:e.slice(1,-1),activations:n.slice(0,-1),training:{...t.trainingAt($.k),hyperparameters:{...t.trainingAt($.k).hyperparameters}}}}function Ot(t={},e=void 0){let{lesson:n}=$.session,o={...Ma(),...t};if(e!==void 0&&(o.training.seed=e),n.toy)return yt({data:n.toy.data,...o},$.screen);$t({...oe(n.data,o),title:n.title},$.screen)}function Le(t,e){let{session:n,k:o}=$,{lesson:s}=n,r=(h,m)=>{let b=N(h.rows,h.cols+1);for(let y=0;y<h.rows;y++)b.data.set(h.data.subarray(y*h.cols,(y+1)*h.cols),y*b.cols),b.data[(y+1)*b.cols-1]=m[y];return b},a={...s.data,X:r(s.data.X,t),Y:r(s.data.Y,e)},{parameters:i}=n.state(o-1),{paint:c,playing:p,unitOpen:l}=$,d={...s,data:a,parameters:i,training:n.trainingAt(o),batches:[],masks:null,golden:[],recorded:[],code:"",toy:void 0};$t(d,$.screen),Object.assign($,{paint:c,unitOpen:l}),p&&ct()}var Pn=(t,e)=>t.kind==="classes"?t.classes.map((n,o)=>+(o===e)):[Number(e)];function Sa({data:t}){let{paint:e}=k(),[n,o]=q(()=>Array(t.X.rows).fill(0)),[s,r]=q(0),a=t.names??[],i=c=>{c.preventDefault(),Le(n,Pn(t,s))};return f`<details class="paint" open=${e!==null}>
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
onChange=${c=>(r(Number(c.target.value)),x({paint:Number(c.target.value)}))}
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
onChange=${c=>x({paint:c.target.checked?s:null})}
/> ${u("play.paint")}</label>`:null}
</div>
</form>
</details>`}function ys(){let{session:t}=k(),{lesson:e}=t,{data:n}=e,o=e.toy?.data??"",s=r=>r.target.value&&yt({data:r.target.value});return f`<section class="card" aria-labelledby="data-title">
<h2 id="data-title">${u("play.data")}</h2>
<label class="field"><span>${u("play.set")}</span>
<select value=${o} onChange=${s}>
${o?null:f`<option value="">${n.name??e.title}</option>`}
${Ct.map(r=>f`<option value=${r}>${u(`toy.${r}`)}</option>`)}
</select>
</label>
<p class="quiet">${u("play.examples",{n:n.X.cols,x:n.X.rows})} · ${En(n)}</p>
${n.X.rows<=4?f`<${Sa} data=${n} key=${`${n.X.rows}${n.kind}`} />`:null}
</section>`}var Ta=[1e-4,3e-4,.001,.003,.01,.03,.1,.3,1,3,10],Aa=[0,.001,.01,.1,.3,1,3,10],Ca=[null,1,8,16,32,64,128],Oa=[0,.1,.2,.3,.5];function ie({label:t,value:e,choices:n,show:o=String,onPick:s,name:r}){let a=n.includes(e)?n:[...n,e].sort((i,c)=>i-c);return f`<label class="field"><span>${t}</span>
<select data-setting=${r} value=${String(e)} onChange=${i=>s(a[i.target.selectedIndex])}>
${a.map(i=>f`<option value=${String(i)}>${o(i)}</option>`)}
</select>
</label>`}function gs(){let{session:t,k:e}=k(),n=t.trainingAt(e),o=s=>Ut({optimizer:s,hyperparameters:{...B[s].defaults},weight_decay:B[s].weight_decay??0,learning_rate:t.lesson.data.kind==="numbers"?ne[s]/10:ne[s]});return f`<section class="card" aria-labelledby="training-title">
<h2 id="training-title">${u("play.training")}</h2>
<div class="fields">
<${ie}
name="optimizer"
label=${u("play.optimizer")}
value=${n.optimizer}
choices=${Object.keys(B)}
onPick=${o}
/>
<${ie}
name="learning_rate"
label=${u("play.rate")}
value=${n.learning_rate}
choices=${Ta}
onPick=${s=>Ut({learning_rate:s})}
/>
<${ie}
name="l2"
label=${u("play.l2")}
value=${n.l2}
choices=${Aa}
onPick=${s=>Ut({l2:s})}
/>
<${ie}
name="batch_size"
label=${u("play.batch")}
value=${n.batch_size}
choices=${Ca}
show=${s=>s===null?u("play.all"):String(s)}
onPick=${s=>Ut({batch_size:s})}
/>
<${ie}
name="dropout"
label=${u("play.dropout")}
value=${n.dropout}
choices=${Oa}
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
${t.log.length?f`<button type="button" class="button is-quiet" data-action="undo" onClick=${bs}>${u("play.undo")}</button>`:null}
</div>
</section>`}var j=44,Ea=6e4,In=new WeakMap;function Na({X:t}){if(!In.has(t)){let e=new Float64Array(t.rows);for(let n=0;n<t.rows;n++)for(let o=0;o<t.cols;o++)e[n]+=t.data[n*t.cols+o]/t.cols;In.set(t,e)}return In.get(t)}var Ln=new WeakMap;function Pa(t){if(!Ln.has(t)){let e=vn(t),n=t.X.rows,o=N(n,n===1?j:j*j),s=Na(t);for(let r=0;r<o.cols;r++){let[a,i]=[r%j/(j-1),1-Math.floor(r/j)/(j-1)];for(let c=0;c<n;c++){let p=c===0?e.x[0]+a*(e.x[1]-e.x[0]):c===1?e.y[0]+i*(e.y[1]-e.y[0]):s[c];o.data[c*o.cols+r]=p}}Ln.set(t,{frame:e,grid:o})}return Ln.get(t)}function _s(t,e){let{data:n}=t.lesson;if(t.size>Ea)return{frame:null,values:null,high:0};let{frame:o,grid:s}=Pa(n),r=Mt({network:t.network,training:{},parameters:e,X:s,Y:null});return{frame:o,values:r,high:n.X.rows===1?1:j}}function v(t,e=4){if(Number.isNaN(t))return"NaN";if(!Number.isFinite(t))return t>0?"∞":"−∞";if(t===0)return"0";let n=Math.abs(t),o=n>=1e5||n<.001?n.toExponential(e-2).replace(/\.?0+e/,"e").replace("e+","e"):Number(n.toPrecision(e)).toString();return(t<0?"−":"")+o.replace("e-","e−")}function ws(t,e){let n=t>0?Math.floor(Math.log10(t)+1e-9):0,o=n<-1||n>3?n:0;return{power:o,places:Math.max(0,e-Math.max(0,n-o))}}function vs(t,{power:e,places:n}){if(t===0||!Number.isFinite(t))return v(t);let o=Math.abs(e<0?t*10**-e:t/10**e),s=Number.isInteger(o)?String(o):o.toFixed(n);return(t<0?"−":"")+s}var Ia={"-":"⁻",0:"⁰",1:"¹",2:"²",3:"³",4:"⁴",5:"⁵",6:"⁶",7:"⁷",8:"⁸",9:"⁹"},xs=t=>t?`× 10${[...String(t)].map(e=>Ia[e]).join("")}`:"",Et=t=>Object.is(t,-0)?"-0":Number.isFinite(t)?String(t):Number.isNaN(t)?"nan":t>0?"inf":"-inf",qe=t=>t<1e3?`${t} B`:t<1e6?`${Math.round(t/1e3)} kB`:`${(t/1e6).toFixed(1)} MB`;var Re=8,[le,qn,De]=[38,10,88],La=Object.keys(ft).filter(t=>t!=="softmax");function ks({A:t,row:e,high:n}){let o=D(null);return W(()=>{if(!t)return;let s=o.current.getContext("2d"),r=s.createImageData(j,n),a=K(),i=1;for(let c=0;c<t.cols;c++)i=Math.max(i,Math.abs(t.data[e*t.cols+c]));for(let c=0;c<t.cols;c++)r.data.set([...ut(t.data[e*t.cols+c]/i,a),255],4*c);s.putImageData(r,0,0)}),f`<canvas ref=${o} width=${j} height=${Math.max(1,n)} aria-hidden="true"></canvas>`}function qa({l:t,dims:e,activations:n,output:o}){if(t===0)return f`<div class="layer-head"><b>${u("play.inputs")}</b></div>`;let s=t===e.length-1,r=e.slice(1,-1),a=c=>Ot({hidden:r.map((p,l)=>l===t-1?p+c:p)}),i=c=>Ot({activations:n.slice(0,-1).map((p,l)=>l===t-1?c:p)});return f`<div class="layer-head">
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
${La.map(c=>f`<option value=${c}>${c}</option>`)}
</select>`}
</div>`}function Ms({parameters:t,surface:e}){let{session:n,unitOpen:o}=k(),{layer_dims:s,activations:r,output:a}=n.network,{names:i}=n.lesson.data,c=_=>Math.min(_,Re),l=Math.max(...s.map(c))*(le+qn),d=(_,w)=>(l-c(s[_])*(le+qn))/2+w*(le+qn)+le/2,h=_=>100*(_+.5)/s.length,m=(_,w)=>Array.from({length:c(_)},(S,A)=>w(A)),b=s.slice(1).flatMap((_,w)=>{let S=t[`W${w+1}`],A=Ft(S)||1;return m(s[w],H=>m(_,Z=>{let Y=C(S,Z,H);return f`<line
key=${`${w}.${H}.${Z}`}
class=${Y<0?"is-negative":"is-positive"}
x1=${`${h(w)}%`} y1=${d(w,H)} x2=${`${h(w+1)}%`} y2=${d(w+1,Z)}
stroke-width=${(.5+3.5*Math.abs(Y)/A).toFixed(2)}
stroke-opacity=${(.25+.65*Math.abs(Y)/A).toFixed(2)}
/>`}))}),y=s.slice(1,-1),g=r.slice(0,-1);return f`<div class="depth">
<span id="depth-label">${u("play.layers")}</span>
<span class="stepper" role="group" aria-labelledby="depth-label">
<button
type="button"
aria-label=${u("play.fewerLayers")}
disabled=${y.length<=1}
onClick=${()=>Ot({hidden:y.slice(0,-1),activations:g.slice(0,-1)})}
>−</button>
<span>${y.length}</span>
<button
type="button"
aria-label=${u("play.moreLayers")}
disabled=${y.length>=5}
onClick=${()=>Ot({hidden:[...y,4],activations:[...g,g.at(-1)??"tanh"]})}
>+</button>
</span>
</div>
<div class="network-scroll" tabindex="0" role="group" aria-label=${u("play.network")}>
<div
class="network"
style=${{height:`${De+l+(Math.max(...s)>Re?20:8)}px`,minWidth:`${s.length*80}px`}}
>
<svg class="links" aria-hidden="true" style=${{top:`${De}px`,height:`${l}px`}}>${b}</svg>
${s.map((_,w)=>f`<div class="layer" key=${w} style=${{left:`${100*w/s.length}%`,width:`${100/s.length}%`}}>
<${qa} l=${w} dims=${s} activations=${r} output=${a} />
${m(_,S=>{let A=o?.[0]===w&&o?.[1]===S,H={top:`${De+d(w,S)-le/2}px`};if(w===0)return f`<span class="unit is-input" key=${S} style=${H} title=${i?.[S]}><${ks}
A=${e.values?.get("A0")}
row=${S}
high=${e.high}
/><span class="unit-name">${i?.[S]??`x${S+1}`}</span></span>`;let Z=v(C(t[`b${w}`],S,0),2);return f`<button
type="button"
key=${S}
class=${`unit${A?" is-open":""}`}
style=${H}
aria-pressed=${A?"true":"false"}
aria-label=${u("play.unitLabel",{j:S,l:w,b:Z})}
onClick=${()=>x({unitOpen:[w,S]})}
>
<${ks} A=${e.values?.get(`A${w}`)} row=${S} high=${e.high} />
<span class="unit-bias" aria-hidden="true">${Z}</span>
</button>`})}
${_>Re?f`<span
class="unit-more"
style=${{top:`${De+l-4}px`}}
>${u("play.more",{n:_-Re})}</span>`:null}
</div>`)}
</div>
</div>
<p class="quiet note">${u("play.legend")}</p>`}var Rn=16;function Ss({label:t,name:e,row:n,col:o,value:s}){return f`<label class="field is-number">
<span>${t}</span>
<input
type="number"
step="0.1"
value=${Number(s.toPrecision(6))}
data-tensor=${e}
data-row=${n}
data-col=${o}
data-value=${String(s)}
onChange=${r=>$s(e,n,o,r.target.valueAsNumber)}
/>
</label>`}function Ts({parameters:t}){let{session:e,unitOpen:n}=k(),{layer_dims:o}=e.network,[s,r]=n??[o.length-1,0];if(!(s<o.length&&r<o[s]))return null;let a=t[`W${s}`],{names:i}=e.lesson.data,c=p=>s===1?i?.[p]??`x${p+1}`:`A${s-1}[${p}]`;return f`<section class="unit-panel" aria-labelledby="unit-title">
<div class="unit-panel-head">
<h3 id="unit-title">${u("play.unit",{j:r,l:s})}</h3>
<button
type="button"
class="button is-quiet is-small"
onClick=${()=>pt({name:`Z${s}`,row:r,col:0})}
>${u("play.look",{l:s})}</button>
</div>
<div class="fields">
<${Ss} label=${u("play.bias")} name=${`b${s}`} row=${r} col=${0} value=${C(t[`b${s}`],r,0)} />
${Array.from({length:Math.min(a.cols,Rn)},(p,l)=>f`<${Ss}
key=${l}
label=${u("play.weightFrom",{from:c(l)})}
name=${`W${s}`}
row=${r}
col=${l}
value=${C(a,r,l)}
/>`)}
</div>
${a.cols>Rn?f`<p class="quiet">${u("play.moreWeights",{n:a.cols-Rn,l:s})}</p>`:null}
</section>`}var nt=320;function Ra(t,e,n,o){if(n==="numbers")return ut(t.data[e],o);if(n==="binary")return ut((2*t.data[e]-1)*(o?.6:.75),o);let s=0;for(let i=1;i<t.rows;i++)t.data[i*t.cols+e]>t.data[s*t.cols+e]&&(s=i);let r=(o?.5:.65)*t.data[s*t.cols+e],a=o?[20,24,30]:[255,255,255];return Dt[s%Dt.length].map((i,c)=>Math.round(a[c]+(i-a[c])*r))}function Da(t,e,n){let o=K(),s=document.createElement("canvas");s.width=s.height=j;let r=s.getContext("2d"),a=r.createImageData(j,j);for(let i=0;i<j*j;i++)a.data.set([...Ra(e,i,n,o),255],4*i);r.putImageData(a,0,0),t.imageSmoothingEnabled=!0,t.drawImage(s,0,0,2*nt,2*nt)}function Fa(t,e,n){t.clearRect(0,0,2*nt,2*nt),t.beginPath();for(let o=0;o<e.cols;o++){let s=2*nt*(1-(e.data[o]-n.y[0])/(n.y[1]-n.y[0]));t[o?"lineTo":"moveTo"](2*nt*o/(e.cols-1),s)}t.lineWidth=6,t.strokeStyle=K()?"#f0a860":"#b34700",t.stroke()}function Wa({lesson:t,network:e},n){let{data:o}=t,s=Bo(e,n,o.X);if(o.kind==="numbers"){let a=0;for(let i=0;i<s.data.length;i++)a+=(s.data[i]-o.Y.data[i])**2;return u("play.error",{value:v(a/s.cols)})}let r=0;for(let a=0;a<s.cols;a++)r+=Wt({Y:s},a)===Wt(o,a)?1:0;return u("play.accuracy",{n:r,m:s.cols})}function As({parameters:t,surface:e}){let{session:n,paint:o}=k(),s=D(null),{data:r}=n.lesson,a=n.network.activations.length,{frame:i,values:c}=e;W(()=>{if(!c)return;let m=s.current.getContext("2d"),b=c.get(`A${a}`);r.X.rows===1?(m.clearRect(0,0,2*nt,2*nt),Fa(m,b,i)):Da(m,b,r.kind),xn(m,r,i,2*nt,6)});let p=m=>{if(o===null||r.X.rows!==2)return;let b=s.current.getBoundingClientRect(),[y,g]=[(m.clientX-b.left)/b.width,1-(m.clientY-b.top)/b.height];Le([i.x[0]+y*(i.x[1]-i.x[0]),i.y[0]+g*(i.y[1]-i.y[0])],Pn(r,o))},[l,d]=[r.names?.[0]??"x1",r.X.rows===1?"Y":r.names?.[1]??"x2"],h=Wa(n,t);return f`<section class="card" aria-labelledby="map-title">
<div class="card-head"><h2 id="map-title">${u("play.map")}</h2><span class="quiet" data-fit>${h}</span></div>
${c?f`<canvas
class=${`decision${o===null?"":" is-painting"}`}
ref=${s}
width=${2*nt}
height=${2*nt}
role="img"
aria-label=${`${u("play.mapText",{x:l,y:d})} ${h}`}
onClick=${p}
></canvas>`:null}
${r.X.rows>2&&c?f`<p class="quiet note">${u("play.mapHint",{x:l,y:d})}</p>`:null}
</section>`}var[Fe,Bt,Yt,Dn]=[320,132,40,20],ja=300;function Cs(t,e){let n=Math.max(1,Math.ceil(t.length/e)),o=[];for(let s=0;s<t.length;s+=n)t[s]!==void 0&&o.push([s+1,t[s]]);return t.length&&o.at(-1)?.[0]!==t.length&&o.push([t.length,t.at(-1)]),o}function Os(){let{session:t,k:e}=k(),{costs:n}=t,o=Cs(n,ja),s=Math.max(...o.map(([,d])=>d),1e-12),r=o.reduce((d,[,h])=>Math.min(d,h),1/0),a=d=>Yt+(Fe-Yt-6)*(d-1)/Math.max(1,n.length-1),i=d=>8+(Bt-Dn-8)*(1-d/s),c=n.length?u("play.costText",{first:v(o[0][1]),last:v(n.at(-1)),low:v(r),n:n.length}):u("play.costNone"),p=o.findLast(([d])=>d<=e)??o[0],l=n[e-1]===void 0?p:[e,n[e-1]];return f`<section class="card" aria-labelledby="cost-title">
<div class="card-head"><h2 id="cost-title">${u("play.cost")}</h2>${n.length?f`<span class="quiet">${v(l[1])}</span>`:null}</div>
<svg class="curve" viewBox=${`0 0 ${Fe} ${Bt}`} role="img" aria-label=${c}>
<path class="axis" d=${`M${Yt} 8V${Bt-Dn}H${Fe-6}`} />
${n.length?f`<text x=${Yt-5} y="13" text-anchor="end">${v(s,3)}</text>
<text x=${Yt-5} y=${Bt-Dn} text-anchor="end">0</text>
<text x=${Yt} y=${Bt-5}>1</text>
<text x=${Fe-6} y=${Bt-5} text-anchor="end">${n.length}</text>
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
<tbody>${Cs(n,12).map(([d,h])=>f`<tr key=${d}><th scope="row"><button
type="button"
class="link"
onClick=${()=>F(d)}
>${d}</button></th><td data-value=${String(h)}>${v(h)}</td></tr>`)}</tbody>
</table>
</details>`:null}
</section>`}function Fn({data:t}){let e=0;for(let n of t)e+=n*n;return Math.sqrt(e/t.length)}var Ha=new Set(["relu"]),Es={tanh:.97,sigmoid:.97};function Ua(t){let e=0;for(let n=0;n<t.rows;n++)t.data.subarray(n*t.cols,(n+1)*t.cols).every(o=>o===0)&&(e+=1);return e}function Ba(t,e){let n=Es[e],o=0;for(let s of t.data)(e==="tanh"?Math.abs(s)>n:s>n||s<1-n)&&(o+=1);return o/t.data.length}function Ns({problem:t,values:e}){let{activations:n}=t.network;return n.map((o,s)=>{let r=s+1,[a,i]=[e.get(`W${r}`),e.get(`W${r}′`)],c={data:a.data.map((l,d)=>i.data[d]-l)},p=e.get(`g(Z${r})`)??e.get(`A${r}`);return{layer:r,activation:o,gradient:Fn(e.get(`dW${r}`)),ratio:Fn(c)/(Fn(a)||1),...Ha.has(o)?{dead:Ua(p)}:{},...o in Es&&r<n.length?{saturated:Ba(p,o)}:{}}})}function Ya({dead:t,saturated:e}){return t?f`<span class="is-bad">${u("layers.dead",{n:t})}</span>`:e>.5?f`<span class="is-bad">${u("layers.saturated",{share:Math.round(100*e)})}</span>`:f`<span class="is-good">✓</span>`}function Ps(){let t=Ns(I()),e=Math.max(...t.map(({gradient:n})=>n))||1;return f`<section class="card" aria-labelledby="layers-title">
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
<td>${Ya(n)}</td>
</tr>`)}
</tbody>
</table>
</div>
</section>`}function Is(){let{session:t,k:e}=k(),{parameters:n}=t.state(e-1),o=_s(t,n);return f`<div class="play">
<h1 class="visually-hidden">${u("screen.play")}</h1>
<div class="play-left">
<${ys} />
<${gs} />
</div>
<section class="card play-network" aria-labelledby="network-title">
<h2 id="network-title">${u("play.network")}</h2>
<${Ms} parameters=${n} surface=${o} />
<${Ts} parameters=${n} />
</section>
<div class="play-right">
<${As} parameters=${n} surface=${o} />
<${Os} />
<${Ps} />
</div>
</div>`}var za=/^(?:(v|s|v̂|ŝ)_)?(d)?(?:(g)\()?(A|Z|W|b|mask)(\d+)\)?(_decayed|_data|_L2|′|⁻)?$/u;function gt(t){let e=za.exec(t);if(!e)return null;let[,n,o,s,r,a,i]=e;return{slot:n,derivative:!!o,before:!!s,letter:r,layer:Number(a),suffix:i??""}}function We(t){let e=gt(t);if(t==="loss")return["axis.one","axis.examples"];if(t==="Y")return["axis.outputs","axis.examples"];if(t.startsWith("J"))return["axis.one","axis.one"];if(!e)return["axis.rows","axis.columns"];let n=e.layer===0?"axis.inputs":"axis.units";return e.letter==="W"?[n,e.layer===1?"axis.inputs":"axis.unitsBefore"]:e.letter==="b"?[n,"axis.one"]:[n,"axis.examples"]}function at({name:t}){let e=gt(t);if(!e)return f`<span class="name"><i>${t.startsWith("J_")?f`J<sub>${t.slice(2)}</sub>`:t}</i></span>`;let{slot:n,derivative:o,before:s,letter:r,layer:a,suffix:i}=e,c=f`<i>${o?"d":""}${s?"g(":""}${r==="mask"?"mask":r}</i><sup>[${a}]</sup>${s?f`<i>)</i>`:""}`,p=i==="′"?"′":i==="⁻"?"":i.replace("_"," ");return f`<span class="name">${n?f`<i>${n}</i><sub>${c}</sub>`:c}${i==="⁻"?f`<sub>before</sub>`:p}</span>`}var ce=(...t)=>f`<mrow>${t}</mrow>`;function Ls(t,e){let n=gt(t),o=(b,...y)=>f`<msup>${b}<mrow>${y}</mrow></msup>`,s=e?f`<mi>T</mi>`:null;if(!n)return t.startsWith("J_")?f`<msub><mi>J</mi><mi>${t.slice(2)}</mi></msub>`:f`<mi>${t}</mi>`;let{slot:r,derivative:a,before:i,letter:c,layer:p,suffix:l}=n,d=[f`<mo stretchy="false">[</mo>`,f`<mn>${p}</mn>`,f`<mo stretchy="false">]</mo>`,s],h=o(a?ce(f`<mi>d</mi>`,f`<mi>${c}</mi>`):f`<mi>${c}</mi>`,...d),m=i?ce(f`<mi>${a?"dg":"g"}</mi>`,f`<mo>(</mo>`,o(f`<mi>${c}</mi>`,...d),f`<mo>)</mo>`):h;return r?f`<msub><mi>${r}</mi>${ce(m)}</msub>`:l==="′"?ce(m,f`<mo>′</mo>`):l.startsWith("_")?f`<msub>${m}<mi>${l.slice(1)}</mi></msub>`:m}var Za=/^(.+)\/(.+)$/;function Xa(t){let e=Za.exec(t);return e?f`<mfrac><mi>${e[1]}</mi><mi>${e[2]}</mi></mfrac><mspace width="0.2em" />`:/^[a-zα-ω][a-z_α-ω₀-₉]*′?$/u.test(t)?f`<mi mathvariant=${t.length>1?"normal":void 0}>${t}</mi>`:/^(\d+|log)$/.test(t)?f`<mn>${t}</mn>`:f`<mo stretchy="false">${t}</mo>`}function Ja(t){return typeof t=="string"?Xa(t):t.power?f`<msup><mi>e</mi>${ce(Ls(t.power.name))}</msup>`:Ls(t.name,t.transposed)}var Wn={momentum:{v:["β","v","+","(1 − β)","g"],theta:["−","α","v"]},nesterov:{v:["β","v","−","α","g"],theta:["+","β","v","−","α","g"]},rmsprop:{s:["β","s","+","(1 − β)","g²"],theta:["−","α","g / (√s + ε)"]},adam:{v:["β₁","v","+","(1 − β₁)","g"],s:["β₂","s","+","(1 − β₂)","g²"],theta:["−","α","v̂ / (√ŝ + ε)"]},lion:{v:["β₂","v","+","(1 − β₂)","g"],theta:["−","α","sign(β₁v + (1 − β₁)g)"]}};Wn.adamw=Wn.adam;var Ga={sigmoid:t=>["Σ","(","log","(","1","+",{power:t},")","−",{name:"Y"},"∘",t,")"],softmax:t=>["log","Σ",{power:t},"−","Σ",{name:"Y"},"∘",t],identity:t=>["1/2","Σ","(",t,"−",{name:"Y"},")","²"]};function qs({step:t,optimizer:e,output:n}){if(t.formula)return f`<span class="equation is-text">${t.formula}</span>`;let{tokens:o}=t,s=Wn[e];t.kind==="slot"&&s&&(o=[o[0],"=",...s[gt(t.id).slot]]),t.kind==="update"&&s&&(o=[o[0],"=",o[2],...s.theta]);let r={name:`d${gt(t.id)?.letter}${t.layer}`};return t.phase==="update"&&(o=o.flatMap(a=>a==="g"?[r]:a==="g²"?[r,"²"]:[a])),t.kind==="loss"&&(o=[o[0],"=",...Ga[n](o[4])]),t.kind==="batch"&&(o=[o[0],"=",{name:"X"}]),f`<math class="equation" display="block">
<mrow>${o.map(Ja)}</mrow>
</math>`}function Va(t){let e=[];return t.forEach((n,o)=>{e.at(-1)?.phase!==n.phase&&e.push({phase:n.phase,steps:[]}),e.at(-1).steps.push({...n,at:o})}),e}function Rs(){let{micro:t}=k(),e=D(null),{steps:n}=I();lt(()=>{let s=e.current,r=requestAnimationFrame(()=>{let a=s.querySelector('[aria-current="step"]');a&&(s.scrollLeft=a.offsetLeft-s.clientWidth/2+a.offsetWidth/2)});return()=>cancelAnimationFrame(r)},[t,n]);let o=s=>{let r={Home:0,End:n.length-1}[s.key];r!==void 0&&(s.preventDefault(),Tt(r))};return f`<nav class="ribbon" ref=${e} aria-label=${u("lab.steps")} onKeyDown=${o}>
${Va(n).map(({phase:s,steps:r})=>f`<div class=${`ribbon-group phase-${s}`} key=${r[0].id}>
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
</nav>`}var Ka=320,Ds=112;function Qa(t,e,n,o,s){let r=t.createImageData(o,s),a=Ft(e)||1,i=K(),[c,p]=n?[e.cols,e.rows]:[e.rows,e.cols];for(let l=0;l<s;l++){let[d,h]=[Math.floor(l*c/s),Math.max(Math.floor((l+1)*c/s),Math.floor(l*c/s)+1)];for(let m=0;m<o;m++){let[b,y]=[Math.floor(m*p/o),Math.max(Math.floor((m+1)*p/o),Math.floor(m*p/o)+1)],g=0,_=0,w=Math.ceil((h-d)/4),S=Math.ceil((y-b)/4);for(let Y=d;Y<h;Y+=w)for(let U=b;U<y;U+=S,_++)g+=n?e.data[U*e.cols+Y]:e.data[Y*e.cols+U];let[A,H,Z]=ut(g/_/a,i);r.data.set([A,H,Z,255],4*(l*o+m))}}t.putImageData(r,0,0)}function Fs({matrix:t,transposed:e=!1,window:n,onPick:o}){let s=D(null),[r,a]=e?[t.cols,t.rows]:[t.rows,t.cols],i=Math.min(a,Ka),c=Math.min(r,Ds);W(()=>Qa(s.current.getContext("2d"),t,e,i,c),[t,e,K()]);let p=Math.max(18,Math.min(Ds,c*(r>24?1:5))),l=h=>{let m=h.currentTarget.getBoundingClientRect(),b=(y,g,_,w)=>Math.max(0,Math.min(w-1,Math.floor((y-g)/_*w)));o(b(h.clientY,m.top,m.height,r),b(h.clientX,m.left,m.width,a))},d=(h,m)=>`${100*h/m}%`;return f`<div class="heat" aria-hidden="true" onClick=${l} style=${{height:`${p}px`}}>
<canvas ref=${s} width=${i} height=${c}></canvas>
<span
class="heat-window"
style=${{left:d(n.c0,a),top:d(n.r0,r),width:d(n.c1-n.c0,a),height:d(n.r1-n.r0,r)}}
></span>
</div>`}var ti=16,jn=8;function Ws(t,e,n,o=ti){if(t<=o)return[0,t];let s=Math.min(Math.floor((e??0)/n)*n,t-n);return[s,s+n]}var[pe,zt]=[{cell:56,decimals:4},{cell:44,decimals:3}],js=[{whole:16,few:6,...pe},{whole:16,few:4,...pe},{whole:16,few:4,...zt},{whole:16,few:3,...zt},{whole:8,few:5,...pe},{whole:8,few:4,...zt},{whole:8,few:3,...zt},{whole:6,few:5,...zt},{whole:6,few:4,...zt}],ei={whole:4,few:4,...pe},[Hn,Hs]=[26,100];function Us(t,e,n){let o=n.reduce((a,i)=>a+Math.max(14,10*i.length)+13,0),s=({whole:a,few:i,cell:c})=>o+e.reduce((p,l)=>p+Math.max(Hs,Hn+c*(l<=a?l:i)),0),r=js.find(a=>s(a)<=t);return r||(t<560?{...ei,few:Math.max(2,Math.floor((t-Hn)/pe.cell))}:js[5])}function ue(t,e){let n=t.get(e);if(typeof n=="number")return{rows:1,cols:1,data:Float64Array.of(n)};if(n)return n;let o=t.get(e.replace(/^.+?_d|⁻$/gu,"").replace("⁻",""));return o?{rows:o.rows,cols:o.cols,data:new Float64Array(o.data.length)}:null}var ni={ArrowUp:(t,e)=>[t-1,e],ArrowDown:(t,e)=>[t+1,e],ArrowLeft:(t,e)=>[t,e-1],ArrowRight:(t,e)=>[t,e+1],Home:t=>[t,0],End:t=>[t,1/0],PageUp:(t,e)=>[t-jn,e],PageDown:(t,e)=>[t+jn,e]};function Bs({name:t,matrix:e,size:n,transposed:o=!1,lit:s,result:r=!1}){let{cursor:a}=k(),i=D(null),c=(T,O)=>o?[O,T]:[T,O],[p,l]=c(e.rows,e.cols),d=a?.name===t?a:null,h=s.find(T=>T.name===t),[m,b]=d?c(d.row,d.col):h?c(h.row,h.col):[0,0],[y,g]=Ws(p,m,jn),[_,w]=Ws(l,b,n.few,n.whole),S=Ft(e),A=ws(S,n.decimals),H=xs(A.power),Z=[...g-y<p?[u("lab.rows",{from:y,to:g-1,of:p})]:[],...w-_<l?[u("lab.columns",{from:_,to:w-1,of:l})]:[]],Y=Z.length===0;lt(()=>{!d||!$.focusCursor||($.focusCursor=!1,i.current.querySelector('[tabindex="0"]')?.focus())});let U=(T,O,V)=>{let[st,Xt]=[Math.max(0,Math.min(p-1,T)),Math.max(0,Math.min(l-1,O))],[me,fe]=c(st,Xt);Rt({name:t,row:me,col:fe},V)},Zt=T=>{let O=T.closest("[data-tensor]");return O&&c(Number(O.dataset.row),Number(O.dataset.col))},ot=T=>{let O=Zt(T.target);if(!O||T.ctrlKey||T.metaKey||T.altKey)return;if(T.key==="Enter")return pt({name:t,row:c(...O)[0],col:c(...O)[1]});let V=ni[T.key];!V||T.shiftKey||(T.preventDefault(),T.stopPropagation(),U(...V(...O),!0))},it=T=>{let O=Zt(T.target);O&&U(...O,!0)},[G,z]=c(...We(t)),vr=(T,O)=>{if(!h)return!1;let[V,st]=c(T,O);return(h.row===null||h.row===V)&&(h.col===null||h.col===st)},xr=d?c(d.row,d.col)[0]:y,kr=d?c(d.row,d.col)[1]:_,Xe=(T,O)=>Array.from({length:O-T},(V,st)=>T+st),Mr=o?`${t}ᵀ`:t;return f`<figure
class=${`matrix${r?" is-result":""}`}
style=${{"--cell":`${n.cell}px`,width:`${Math.max(Hs,Hn+n.cell*(w-_))}px`}}
>
<figcaption>
<span class="matrix-name"><${at} name=${t} />${o?f`<sup>T</sup>`:null}</span>
<span class="matrix-shape">${u("lab.shape",{rows:p,cols:l})}${H?f`<b> ${H}</b>`:null}</span>
</figcaption>
<div class="matrix-scroll">
<div
class="grid"
role="grid"
ref=${i}
aria-label=${`${Mr}, ${u(G)} × ${u(z)}, ${u("lab.shape",{rows:p,cols:l})}`}
aria-rowcount=${p}
aria-colcount=${l}
onKeyDown=${ot}
onClick=${it}
>
<div class="grid-head" aria-hidden="true">
<span></span>${Xe(_,w).map(T=>f`<span key=${T}>${T}</span>`)}
</div>
${Xe(y,g).map(T=>f`<div class="grid-row" role="row" aria-rowindex=${T+1} key=${T}>
<span class="grid-index" aria-hidden="true">${T}</span>
${Xe(_,w).map(O=>{let[V,st]=c(T,O),Xt=e.data[V*e.cols+st],me=vs(Xt,A),fe=d&&d.row===V&&d.col===st;return f`<span
key=${O}
role="gridcell"
class=${`cell${fe?" is-cursor":""}${vr(T,O)?" is-lit":""}`}
aria-colindex=${O+1}
aria-selected=${fe?"true":"false"}
aria-label=${u("lab.cell",{name:t,row:V,col:st,value:`${me} ${H}`})}
tabindex=${T===xr&&O===kr?0:-1}
data-tensor=${t}
data-row=${V}
data-col=${st}
data-value=${Et(Xt)}
style=${{backgroundColor:ss(Xt,S)}}
>${me}</span
>`})}
</div>`)}
</div>
</div>
<div class="matrix-axes">
${u(G)} × ${u(z)}
${Z.map(T=>f`<br />${T}`)}
</div>
${Y?null:f`<${Fs}
matrix=${e}
transposed=${o}
window=${{r0:y,r1:g,c0:_,c1:w}}
onPick=${(T,O)=>U(T,O,!1)}
/>`}
</figure>`}async function je(t){try{return await navigator.clipboard.writeText(t),!0}catch{let e=Object.assign(document.createElement("textarea"),{value:t});document.body.append(e),e.select();let n=document.execCommand("copy");return e.remove(),n}}function Un(t,e,n){let o=URL.createObjectURL(new Blob([e],{type:n})),s=Object.assign(document.createElement("a"),{href:o,download:t});document.body.append(s),s.click(),s.remove(),setTimeout(()=>URL.revokeObjectURL(o),1e4)}var P=(t,e,n)=>({name:t,row:e,col:n}),_t=(t,e,n)=>`${t}[${e}, ${n}]`,Ys={batch({opened:t},e,n){return{symbols:`A0[${e}, ${n}] = X[${e}, ${t.problem.batch[n]}]`,code:`X[${e}, ${t.problem.batch[n]}]`,lit:[]}},linear({values:t,layer:e},n,o){let[s,r,a]=[`W${e}`,`A${e-1}`,`b${e}`],i=Bn(t,s,r,t.get(s).cols,p=>[P(s,n,p),P(r,p,o)]),c=C(t.get(a),n,0);return{symbols:`Σₖ ${s}[${n}, k]·${r}[k, ${o}] + ${_t(a,n,0)}`,code:`(${s} @ ${r} + ${a})[${n}, ${o}]`,lit:[{name:s,row:n,col:null},{name:r,row:null,col:o},P(a,n,0)],terms:i,added:[{place:P(a,n,0),label:a,value:c}]}},activation({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=C(t.get(`Z${o}`),s,r),c=a==="softmax";return{symbols:c?`e^Z${o}[${s}, ${r}] / Σₖ e^Z${o}[k, ${r}]`:`${a}(Z${o}[${s}, ${r}])`,puts:c?void 0:`${a}(${v(i)})`,code:`${a}(Z${o})[${s}, ${r}]`,lit:[c?{name:`Z${o}`,row:null,col:r}:P(`Z${o}`,s,r)]}},dropout:({values:t,step:e},n,o)=>Yn(t,e,n,o,"*"),dropout_back:({values:t,step:e},n,o)=>Yn(t,e,n,o,"*"),loss({values:t,opened:e,layer:n},o,s){let{output:r}=e.problem.network,[a,i]=[t.get(`Z${n}`),t.get("Y")],c=a.rows===1,[p,l]=[v(C(a,0,s)),v(C(i,0,s))],d={sigmoid:[`Σ (log(1 + e^Z${n}) − Y·Z${n}) in column ${s}`,`log(1 + e^(${p})) − ${l}·(${p})`],softmax:[`log Σₖ e^Z${n}[k, ${s}] − Σₖ Y[k, ${s}]·Z${n}[k, ${s}]`,""],identity:[`½ Σ (Z${n} − Y)² in column ${s}`,`½·(${p} − (${l}))²`]},[h,m]=d[r];return{symbols:h,puts:c&&m?m:void 0,code:`loss[0, ${s}]`,lit:[{name:`Z${n}`,row:null,col:s},{name:"Y",row:null,col:s}]}},cost({values:t}){let e=t.get("loss"),n=t.has("J_L2")?[{place:null,label:"J_L2",value:t.get("J_L2")}]:[];return{symbols:`1/m Σᵢ loss[0, i]${n.length?" + J_L2":""}`,code:`loss.mean()${n.length?" + J_L2":""}`,lit:[{name:"loss",row:0,col:null}],terms:Array.from(e.data,(o,s)=>({factors:[P("loss",0,s)],value:o})),scale:e.cols,added:n}},output:({values:t,step:e},n,o)=>Yn(t,e,n,o,"-"),weights({values:t,layer:e,opened:n},o,s){let[r,a]=[`dZ${e}`,`A${e-1}`],i=t.get(r).cols,c=Bn(t,r,a,i,d=>[P(r,o,d),P(a,s,d)]),p=t.get(`dW${e}_L2`),l=`W${e}`;return{symbols:`1/${i} Σᵢ ${r}[${o}, i]·${a}[${s}, i]${p?` + λ/${i}·${_t(l,o,s)}`:""}`,code:`(${r} @ ${a}.T / ${i}${p?` + l2 / ${i} * ${l}`:""})[${o}, ${s}]`,lit:[{name:r,row:o,col:null},{name:a,row:s,col:null},...p?[P(l,o,s)]:[]],terms:c,scale:i,added:p?[{place:P(l,o,s),label:`λ/m·${l}`,value:C(p,o,s)}]:[]}},bias({values:t,layer:e},n){let o=t.get(`dZ${e}`);return{symbols:`1/${o.cols} Σᵢ dZ${e}[${n}, i]`,code:`dZ${e}.sum(axis=1, keepdims=True)[${n}, 0] / ${o.cols}`,lit:[{name:`dZ${e}`,row:n,col:null}],terms:Array.from({length:o.cols},(s,r)=>({factors:[P(`dZ${e}`,n,r)],value:C(o,n,r)})),scale:o.cols}},back({values:t,layer:e},n,o){let s=e+1,[r,a]=[`W${s}`,`dZ${s}`];return{symbols:`Σₖ ${r}[k, ${n}]·${a}[k, ${o}]`,code:`(${r}.T @ ${a})[${n}, ${o}]`,lit:[{name:r,row:null,col:n},{name:a,row:null,col:o}],terms:Bn(t,r,a,t.get(r).rows,i=>[P(r,i,n),P(a,i,o)])}},activation_back({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=e.tokens[2].name,[c,p]=[C(t.get(i),s,r),C(t.get(`Z${o}`),s,r)],l=c===0?"":`   (slope ${v(C(t.get(`dZ${o}`),s,r)/c)})`;return{symbols:`${_t(i,s,r)} · ${a}′(Z${o}[${s}, ${r}])`,puts:`${v(c)} · ${a}′(${v(p)})${l}`,code:`${a}_backward(${i}, Z${o})[${s}, ${r}]`,lit:[P(i,s,r),P(`Z${o}`,s,r)]}},decay({values:t,step:e,opened:n},o,s){let{learning_rate:r,weight_decay:a}=n.problem.training,i=e.tokens[3].name;return{symbols:`(1 − α·λ)·${_t(i,o,s)}`,puts:`(1 − ${v(r)}·${v(a)})·${v(C(t.get(i),o,s))}`,code:`(1 - ${r} * ${a}) * ${i}[${o}, ${s}]`,lit:[P(i,o,s)]}},slot({values:t,step:e,opened:n},o,s){let{slot:r}=gt(e.id),a=e.tokens[4].name,i=t.has(`${e.id}⁻`)?C(t.get(`${e.id}⁻`),o,s):0,c=C(t.get(a),o,s),{training:p}=n.problem,l={...B[p.optimizer].defaults,...p.hyperparameters},d=r==="s"?"²":"";if(p.optimizer==="nesterov")return{symbols:`β·v − α·${_t(a,o,s)}`,puts:`${l.beta}·${v(i)} − ${v(p.learning_rate)}·${v(c)}`,code:`${l.beta} * v - ${p.learning_rate} * ${a}[${o}, ${s}]`,lit:[P(a,o,s),P(`${e.id}⁻`,o,s)]};let h=p.optimizer==="lion",m=l.beta??(r==="s"||h?l.beta2:l.beta1);return{symbols:`β·${r} + (1 − β)·${_t(a,o,s)}${d}`,puts:`${m}·${v(i)} + ${v(1-m)}·(${v(c)})${d}`,code:`${m} * ${r} + (1 - ${m}) * ${a}[${o}, ${s}]${d?" ** 2":""}`,lit:[P(a,o,s),P(`${e.id}⁻`,o,s)]}},update({values:t,step:e,opened:n},o,s){let{optimizer:r,learning_rate:a}=n.problem.training,i=e.tokens.filter(_=>typeof _=="object").slice(1).map(({name:_})=>_),[c,...p]=i,l=_=>v(C(t.get(_),o,s)),[d,h]=p,m={gd:[`${c} − α·${d}`,`${l(c)} − ${v(a)}·(${l(d)})`],momentum:[`${c} − α·v`,`${l(c)} − ${v(a)}·(${l(d)})`],nesterov:[`${c} + β·v − α·g`,`${l(c)} + β·(${l(d)}) − ${v(a)}·(${l(p.at(-1))})`],rmsprop:[`${c} − α·g / (√s + ε)`,`${l(c)} − ${v(a)}·(${l(p.at(-1))}) / (√${l(d)} + ε)`],lion:[`${c} − α·sign(β₁·v + (1 − β₁)·g)`,""]},b=[`${c} − α·v̂ / (√ŝ + ε)`,h?`${l(c)} − ${v(a)}·(${l(d)}) / (√${l(h)} + ε)`:""],[y,g]=m[r]??b;return{symbols:y,puts:g||void 0,code:`${e.equation}(…)[${o}, ${s}]`,lit:i.map(_=>P(_,o,s))}}};function Bn(t,e,n,o,s){let[r,a]=[t.get(e),t.get(n)];return Array.from({length:o},(i,c)=>{let[p,l]=s(c);return{factors:[p,l],value:C(r,p.row,p.col)*C(a,l.row,l.col)}})}function Yn(t,e,n,o,s){let[r,a]=e.tokens.filter(c=>typeof c=="object").slice(1).map(({name:c})=>c),i=s==="-"?"−":"∘";return{symbols:`${_t(r,n,o)} ${i==="∘"?"·":i} ${_t(a,n,o)}`,puts:`${v(C(t.get(r),n,o))} ${i==="∘"?"·":i} ${v(C(t.get(a),n,o))}`,code:`(${r} ${s} ${a})[${n}, ${o}]`,lit:[P(r,n,o),P(a,n,o)]}}function He(t,e,n,o){let s=t.steps.find(({id:r})=>r===e);return!s||!Ys[s.kind]?null:Ys[s.kind]({opened:t,values:t.values,step:s,layer:s.layer},n,o)}var oi=/^d(A|Z|g)/,si=t=>t.slice(1);function zn(t,e,n,o,s){let r=si(n),a=e.get(r),i=oi.test(n)?e.get("Y").cols:1,c=o*a.cols+s,p=b=>{let y=Me(a);return y.data[c]=b,Mt(t,new Map,{name:r,value:y}).get("J")},l=a.data[c],d=.02*Math.max(1,Math.abs(l)),h={value:NaN,error:1/0},m=[];for(let b=0;b<9;b++,d/=2){let y=[(p(l+d)-p(l-d))/(2*d)*i];for(let g=1,_=4;g<=b;g++,_*=4){y.push((_*y[g-1]-m[g-1])/(_-1));let w=Math.max(Math.abs(y[g]-y[g-1]),Math.abs(y[g]-m[g-1]));w<h.error&&(h={value:y[g],error:w})}m=y}return h}function ri(t,e){return t<=e?Array.from({length:t},(n,o)=>o):Array.from({length:e},(n,o)=>Math.round(o*(t-1)/(e-1)))}function*zs(t,e,n,o=24){for(let s of n){let r=e.get(s),a=0,i=ri(r.data.length,o),c=!0;for(let p of i){let l=Math.floor(p/r.cols),d=zn(t,e,s,l,p%r.cols),h=Math.max(Math.abs(r.data[p]),Math.abs(d.value),1e-4),m=Math.abs(r.data[p]-d.value)/h;a=Math.max(a,m),m<1e-6||Math.abs(r.data[p]-d.value)<=10*d.error||(c=!1)}yield{name:s,checked:i.length,of:r.data.length,difference:a,passed:c}}}var Zs=6;function ai({explanation:t,values:e,result:n}){let{terms:o,scale:s=1,added:r=[]}=t,a=o.map((l,d)=>({...l,i:d})).sort((l,d)=>Math.abs(d.value)-Math.abs(l.value)),i=a.slice(Zs),c=Math.abs(a[0]?.value)||1,p=({name:l,row:d,col:h})=>C(ue(e,l),d,h);return f`<div class="terms">
<h4>${u("inspect.terms",{n:o.length})}</h4>
<ol>
${a.slice(0,Zs).map(({factors:l,value:d,i:h})=>f`<li key=${h}>
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
</div>`}function ii({open:t,name:e,row:n,col:o,value:s}){let[r,a]=q(null);if(W(()=>a(null),[t,e,n,o]),!/^d[^_]+$/u.test(e))return null;if(!r)return f`<button type="button" class="button is-quiet" onClick=${()=>a(zn(t.problem,t.values,e,n,o))}>${u("inspect.numeric")}</button>`;let i=Math.abs(r.value-s),c=i<=1e-6*Math.max(1e-4,Math.abs(s))||i<=10*r.error;return f`<p class="numeric" data-numeric=${Et(r.value)}>
${u("inspect.numericValue")}: <b>${v(r.value,8)}</b><br />
<span class=${c?"is-good":"is-bad"}>${c?"✓ ":"✗ "}${u(c?"inspect.agrees":"inspect.disagrees",{difference:v(i,2)})}</span>
</p>`}function li({open:t,name:e,col:n}){let{session:o}=k();if(!We(e).includes("axis.examples"))return null;let{data:s}=o.lesson,r=t.problem.batch[n],a=p=>C(s.X,p,r),i=Array.from({length:Math.min(3,s.X.rows)},(p,l)=>`${s.names?.[l]??`x${l+1}`} = ${v(a(l),3)}`),c=s.classes&&s.kind!=="numbers"?s.classes[Wt(s,r)]:v(C(s.Y,0,r));return f`<p class="quiet note">${u("inspect.example",{col:n,i:r,inputs:`${i.join(", ")}${s.X.rows>3?", …":""}`,target:c})}</p>`}var[Xs,Ue]=[260,44];function ci({name:t,row:e,col:n}){let{session:o,k:s}=k();if(!/^[Wb]\d+$/.test(t)||!o.kept||o.latest.t<2)return null;let r=[...o.kept.values(),o.latest].sort((b,y)=>b.t-y.t),a=Math.ceil(r.length/120),i=r.filter((b,y)=>y%a===0||y===r.length-1).map(({t:b,parameters:y})=>[b,C(y[t],e,n)]),c=i.map(([,b])=>b),[p,l]=[Math.min(...c),Math.max(...c)],d=b=>b/o.latest.t*Xs,h=b=>Ue-4-(b-p)/(l-p||1)*(Ue-8),m=u("inspect.historyText",{first:v(c[0]),last:v(c.at(-1)),n:o.latest.t});return f`<figure class="history">
<figcaption class="quiet note">${m}</figcaption>
<svg viewBox=${`0 0 ${Xs} ${Ue}`} class="curve" role="img" aria-label=${m}>
<path
class="line"
d=${i.map(([b,y],g)=>`${g?"L":"M"}${d(b).toFixed(1)} ${h(y).toFixed(1)}`).join("")}
/>
<line class="axis" x1=${d(s-1)} x2=${d(s-1)} y1="0" y2=${Ue} />
</svg>
</figure>`}function Js(){let{cursor:t,session:e}=k(),[n,o]=q(""),s=I(),r=t&&ue(s.values,t.name);if(W(()=>o(""),[t]),!r)return f`<section
class="card inspector"
aria-label=${u("inspect.title")}
><p class="quiet">${u("inspect.none")}</p></section>`;let{name:a}=t,[i,c]=[Math.min(t.row,r.rows-1),Math.min(t.col,r.cols-1)],p=C(r,i,c),l=He(s,a,i,c),d=/^[Wb]\d+$/.test(a),h=Oe().id!==a&&s.steps.some(({id:b})=>b===a),m=async()=>o(await je(Et(p))?u("inspect.copied"):"");return f`<section class="card inspector" aria-labelledby="inspector-title">
<h3 id="inspector-title">${u("inspect.title")}</h3>
<p class="inspector-head"><${at} name=${a} /><span class="index">[${i}, ${c}]</span><span class="inspector-value">${v(p,6)}</span></p>
${l?f`<dl>
<dt>${u("inspect.formula")}</dt>
<dd class="formula">${l.symbols}</dd>
${l.puts?f`<dt>${u("inspect.puts")}</dt><dd class="formula">${l.puts} = <b>${v(p)}</b></dd>`:null}
</dl>`:f`<p class="quiet">${u(d?"inspect.parameter":e.isRecorded?"inspect.recorded":"inspect.given")}</p>`}
<${li} open=${s} name=${a} col=${c} />
<${ci} name=${a} row=${i} col=${c} />
${l?.terms?f`<${ai} explanation=${l} values=${s.values} result=${p} />`:null}
<dl>
<dt>${u("inspect.exact")}</dt>
<dd class="exact">
<code data-exact=${Et(p)}>${Et(p)}</code>
<button type="button" class="button is-quiet is-small" onClick=${m}>${n||u("inspect.copy")}</button>
</dd>
${l?f`<dt>${u("inspect.code")}</dt><dd><code>${l.code}</code></dd>`:null}
</dl>
${e.isRecorded?null:f`<${ii} open=${s} name=${a} row=${i} col=${c} value=${p} />`}
${h?f`<button
type="button"
class="button is-quiet"
onClick=${()=>pt({name:a,row:i,col:c})}
>${u("inspect.made")}</button>`:null}
</section>`}function pi(t){return t.replace(/^(\s*)(?:r?"""[\s\S]*?""")\s*\n/m,"")}var ui={linear:/return W @ A_prev/,back:/return cache\[1\]\.T @ dZ/,weights:/return dZ @ A_prev\.T|weight_gradients\(/,bias:/dZ\.sum|weight_gradients\(/,slot:/^\s*[vs] = /,update:/return theta|return \(theta/};function Gs({step:t}){let{session:e}=k(),{sources:n,formulas:o}=e.lesson,s=n?.[t.equation]??jt.sources[t.equation],r=o?.[t.equation]??jt.formulas[t.equation];if(!s)return t.equation?f`<section class="card source"><h3>${u("lab.source")}</h3><p class="quiet">${u("lab.noSource")}</p></section>`:null;let a=pi(s.text).trimEnd().split(`
`),i=ui[t.kind]??/^\s*return /,c=a.findLastIndex(p=>i.test(p));return f`<section class="card source" aria-labelledby="source-title">
<h3 id="source-title">${u("lab.source")}</h3>
<p class="quiet">${u("lab.line",s)}</p>
${r?f`<p class="formula">${r}</p>`:null}
<pre tabindex="0" role="region" aria-label=${t.equation}><code>${a.map((p,l)=>f`<span
class=${l===c?"is-current":""}
aria-current=${l===c?"true":void 0}
>${p}${`
`}</span>`)}</code></pre>
</section>`}var di=7,[Vs,Zn]=[220,96];function Ks({step:t}){let{session:e}=k(),{layer_dims:n}=e.network,o=l=>14+l*(Vs-28)/(n.length-1),s=l=>Math.min(n[l],di),r=(l,d)=>Zn/2+(d-(s(l)-1)/2)*Math.min(13,(Zn-14)/s(l)),i={linear:t.layer,weights:t.layer,back:t.layer+1,update:t.layer,slot:t.layer,decay:t.layer}[t.kind],c=t.kind==="loss"||t.kind==="cost"?n.length-1:t.layer,p=l=>Array.from({length:s(l)},(d,h)=>h);return f`<svg
class="small-network"
viewBox=${`0 0 ${Vs} ${Zn}`}
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
</svg>`}var Be=(t,e)=>({name:t,row:e,col:null}),Ye=(t,e)=>({name:t,row:null,col:e}),wt=(t,e,n)=>({name:t,row:e,col:n}),mi={linear:[(t,e)=>Be(t,e),(t,e,n)=>Ye(t,n),(t,e)=>Be(t,e)],weights:[(t,e)=>Be(t,e),(t,e)=>Ye(t,e),wt],bias:[(t,e)=>wt(t,e,0)],back:[(t,e,n)=>Be(t,n),(t,e,n)=>Ye(t,n)],activation:[(t,e,n,{equation:o})=>o==="softmax"?Ye(t,n):wt(t,e,n)],loss:[(t,e,n)=>wt(t,0,n),(t,e,n)=>wt(t,0,n)],cost:[t=>wt(t,0,0),t=>wt(t,0,0)]};function Qs(t,e,n,o){let[s,...r]=t.tokens.filter(c=>typeof c=="object"),a=r.findIndex(c=>c.name===e);return a<0||t.kind==="batch"||t.kind==="recorded"?[]:[(mi[t.kind]?.[a]??wt)(s.name,n,o,t)]}function fi(){let t=D(null),[e,n]=q(800);return lt(()=>{let o=new ResizeObserver(([{contentRect:s}])=>n(s.width));return o.observe(t.current),()=>o.disconnect()},[]),[t,e]}function hi({open:t,step:e,lit:n}){let[o,s]=fi(),r=e.tokens.map(p=>typeof p=="string"?p:{...p,matrix:ue(t.values,p.name)}),a=r.filter(p=>typeof p=="object"),i=a.map(({matrix:p,transposed:l})=>l?p.rows:p.cols),c=Us(s,i,r.filter(p=>typeof p=="string"));return f`<div class="operands" ref=${o}>
${r.map((p,l)=>typeof p=="string"?f`<span class="sign" key=${l}>${p}</span>`:f`<${Bs} key=${l} ...${p} size=${c} lit=${n} result=${p===a[0]} />`)}
</div>`}function tr(){let{session:t,cursor:e,k:n}=k(),o=I(),s=Oe(),r=e&&He(o,e.name,e.row,e.col),a=e?Qs(s,e.name,e.row,e.col):[],i=a.length?a:r?.lit??[],{optimizer:c}=o.problem.training,p=s.formula??s.tokens.map(l=>typeof l=="string"?l:`${l.name}${l.transposed?"ᵀ":""}`).join(" ");return f`<div class="lab">
<h1 class="visually-hidden">${u("screen.lab")}</h1>
<${Rs} />
<div class=${`lab-head phase-${s.phase}`}>
<div class="lab-head-text">
<p class="lab-where">
${u("lab.update",{k:n})} · ${u("lab.epoch",{e:t.epochOf(n)})} · <b class="phase-word">${u(`phase.${s.phase}`)}</b>
</p>
<h2 class="lab-equation" aria-label=${p}><${qs}
step=${s}
optimizer=${c}
output=${t.network.output}
/></h2>
<p class="lab-sentence">${Ce(t,s)}</p>
</div>
<${Ks} step=${s} />
</div>
<div class="lab-body">
<div class="lab-main">
<section class="card lab-matrices" aria-label=${u("lab.equation")}>
<${hi} open=${o} step=${s} lit=${i} />
<p class="quiet note">${u("lab.keep")}</p>
</section>
<${Gs} step=${s} />
</div>
<div class="lab-side"><${Js} /></div>
</div>
</div>`}var $i={start:"M5 4v12M16 4l-8 6 8 6z",updateBack:"M10 4l-7 6 7 6zM17 4l-7 6 7 6z",back:"M14 4l-8 6 8 6z",play:"M6 3l11 7-11 7z",pause:"M6 3h3v14H6zM12 3h3v14h-3z",next:"M6 4l8 6-8 6z",updateNext:"M3 4l7 6-7 6zM10 4l7 6-7 6z",epochNext:"M3 4l8 6-8 6zM15 4v12"};function bi({name:t}){return f`<svg viewBox="0 0 20 20" aria-hidden="true" class="icon"><path d=${$i[t]} /></svg>`}function vt({name:t,label:e,onClick:n,strong:o,disabled:s,keys:r,text:a}){return f`<button
type="button"
class=${`press${o?" is-strong":""}`}
aria-label=${e}
title=${r?`${e} (${r})`:e}
data-action=${t}
disabled=${s}
onClick=${n}
>
<${bi} name=${t} />${a?f`<span class="press-text">${a}</span>`:null}
</button>`}function er(){let{session:t,k:e,micro:n,playing:o,unit:s,speed:r,screen:a}=k(),i=a==="lab",{steps:c}=I(),p=I().values.get("J"),l=i?{label:u("bar.scrub"),max:c.length-1,value:n,on:d=>Tt(d),text:c[n].id}:{label:u("bar.scrubUpdates"),max:Math.max(1,t.latest.t),value:e-1,on:d=>F(d+1),text:u("bar.done",{n:e-1})};return f`<section class="transport" aria-label=${u("bar.label")}>
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
<${vt}
name="start"
label=${u("bar.start")}
onClick=${()=>F(1,i?0:n)}
disabled=${e===1&&(n===0||!i)}
/>
<${vt} name="updateBack" label=${u("bar.updateBack")} keys="[" onClick=${()=>qt(-1)} disabled=${e===1} />
${i?f`<${vt}
name="back"
label=${u("bar.back")}
keys="←"
onClick=${()=>At(-1)}
disabled=${e===1&&n===0}
/>`:null}
<${vt}
name=${o?"pause":"play"}
label=${u(o?"bar.pause":"bar.play")}
keys="Space"
strong=${!0}
onClick=${()=>Qt()}
/>
${i?f`<${vt} name="next" label=${u("bar.next")} keys="→" onClick=${()=>At(1)} />`:null}
${i?f`<${vt}
name="epochNext"
label=${u("bar.layerNext")}
keys="Shift →"
onClick=${()=>Ne(1)}
text=${u("bar.layerNext")}
/>`:null}
<${vt}
name="updateNext"
label=${u("bar.updateNext")}
keys="]"
onClick=${()=>qt(1)}
text=${u("bar.updateNext")}
/>
${i?null:f`<${vt}
name="epochNext"
label=${u("bar.epochNext")}
onClick=${_n}
text=${u("bar.epochNext")}
/>`}
</div>
<div class="transport-choices">
<label>${u("bar.unit")}
<select value=${s} onChange=${d=>x({unit:d.target.value})}>
${(i?["micro","update","epoch"]:["update","epoch"]).map(d=>f`<option value=${d}>${u(`bar.unit.${d}`)}</option>`)}
</select>
</label>
<label>${u("bar.speed")}
<input type="range" min="0" max="4" value=${r} onInput=${d=>x({speed:Number(d.target.value)})} />
</label>
</div>
</section>`}function ze(){let{screen:t,session:e,k:n,micro:o,cursor:s}=$,r={s:t};if(e){Object.assign(r,{k:n,q:e.open(n).steps[o]?.id}),(s?.row||s?.col)&&(r.c=`${s.row},${s.col}`);let{lesson:a}=e;a.toy&&(r.n=JSON.stringify({...a.toy,log:e.log.length?e.log:void 0}))}return new URLSearchParams(Object.entries(r).filter(([,a])=>a!==void 0)).toString()}function de(t=location.hash){let e=Object.fromEntries(new URLSearchParams(t.slice(1))),n=null;try{n=e.n?JSON.parse(e.n):null}catch{n=null}let o=Number(e.k);return{screen:e.s,k:Number.isSafeInteger(o)&&o>0?o:1,id:e.q,cell:e.c?.split(",").map(Number),toy:n}}var nr=3e3;function Xn({screen:t,k:e,id:n,cell:o,toy:s}){if(!$.session)return;$.session.lesson.toy&&Array.isArray(s?.log)&&!$.session.lesson.resume&&$.session.replay(s.log.filter(({t:a})=>a<=nr)),["play","lab","home"].includes(t)&&ht(t),F(Math.max(1,Math.min(e,nr)));let r=I().steps.findIndex(a=>a.id===n);r>=0&&F($.k,r),o?.every(Number.isInteger)&&Rt({...$.cursor,row:o[0],col:o[1]}),ct()}var or=0;function sr(){Mo(()=>{clearTimeout(or),!$.playing&&(or=setTimeout(()=>{try{history.replaceState(null,"",`#${ze()}`)}catch{}},300))})}var Jn=t=>t.replace(/[&<>"]/g,e=>({"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;"})[e]);async function yi(){let t=s=>[...document.querySelectorAll(s)].map(r=>r.textContent).join(`
`),e=async s=>s?(await fetch(s)).text():"",n=t("style")||await e(document.querySelector('link[rel="stylesheet"]')?.getAttribute("href")),o=t("script:not([src]):not([type])")||await e(document.querySelector("script[src]")?.getAttribute("src"));return{css:n,js:o}}async function rr(t){let e=await crypto.subtle.digest("SHA-256",new TextEncoder().encode(t));return`'sha256-${btoa(String.fromCharCode(...new Uint8Array(e)))}'`}async function gi({css:t,js:e}){let n=globalThis.crypto?.subtle?await Promise.all([rr(e),rr(t)]):["'unsafe-inline'","'unsafe-inline'"];return`default-src 'none'; script-src ${n[0]}; style-src ${n[1]}; img-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`}async function ar(t){let e=await yi(),n=document.documentElement;return`<!doctype html>
<html lang="${Jn(n.lang||"en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${Jn(await gi(e))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${Jn(t.title)}</title>
<style>${e.css}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="deepstep-lesson">${ee(t)}<\/script>
<script>${e.js}<\/script>
</body>
</html>
`}function ir(t,e){let{lesson:n}=t,o=t.isRecorded||t.latest.t===0?void 0:t.standing();return{...n,resume:o,place:e}}var _i=4e5,Ze=t=>t===null?"None":t===!0?"True":t===!1?"False":JSON.stringify(t);function lr(t,e){let{lesson:n,network:o}=t,s=t.trainingAt(e+1),{parameters:r}=t.state(e),{X:a,Y:i}=n.data,c=a.data.length+i.data.length+t.size,p=n.code&&t.changedFrom===1/0&&(e===0||t.isRecorded)?`${n.code.trimEnd()}
`:"";if(p)return p;if(c>_i)return`# ${c} numbers are too many for code: save the lesson instead.
`;let l=h=>{let{shape:m,f8:b}=Tn(h);return`matrix(${m.join(", ")}, "${b}")`},d={learning_rate:s.learning_rate,optimizer:s.optimizer,...Object.keys(s.hyperparameters??{}).length?{hyperparameters:s.hyperparameters}:{},...s.batch_size?{batch_size:s.batch_size}:{},...s.l2?{l2:s.l2}:{},...s.dropout?{dropout:s.dropout}:{},weight_decay:s.weight_decay??0};return`"""The network as it was after ${e} updates, with its data; then one step of it, opened."""
from base64 import b64decode

import numpy as np

from deepstep import Network


def matrix(rows, columns, text):
    return np.frombuffer(b64decode(text), dtype="<f8").reshape(rows, columns).copy()


X = ${l(a)}
Y = ${l(i)}
parameters = {
${Object.entries(r).map(([h,m])=>`    "${h}": ${l(m)},`).join(`
`)}
}
net = Network(
    ${Ze(o.layer_dims)},
    activation=${Ze(o.activations.slice(0,-1))},
    output=${Ze(o.output)},
    parameters=parameters,
    seed=${s.seed??1},
)
${Object.keys(t.state(e).slots).length?`# The optimizer's memory begins at zero here.
`:""}options = {${Object.entries(d).map(([h,m])=>`"${h}": ${Ze(m)}`).join(", ")}}
step = next(net.steps(X, Y, **options))
print(step.trace())
`}var wi=15e4,cr=4e3,vi=t=>t.toLowerCase().replace(/[^a-z0-9]+/g,"-").replace(/^-|-$/g,"")||"deepstep";function pr(){let{session:t,k:e}=k(),[n,o]=q(""),s=ir(t,ze()),[r]=q(()=>wi+ee(s).length),a=lr(t,e-1),i=vi(s.title),c=async()=>{let h=await ar(s);Un(`${i}.html`,h,"text/html"),o(u("share.saved",{name:`${i}.html`,size:qe(new Blob([h]).size)}))},p=()=>{let h=ee(s);Un(`${i}.json`,h,"application/json"),o(u("share.saved",{name:`${i}.json`,size:qe(h.length)}))},l=async h=>await je(h)&&o(u("share.copied")),d=`${location.href.split("#")[0]}#${ze()}`;return f`<section>
<h3>${u("share.html")}</h3>
<p class="quiet">${u("share.htmlHint",{size:qe(r)})}</p>
<div class="row">
<button type="button" class="button" data-action="export" onClick=${c}>${u("share.save")}</button>
<button type="button" class="button is-quiet" onClick=${p}>${u("share.lesson")}</button>
${s.origin==="server"?null:f`<button type="button" class="button is-quiet" onClick=${()=>l(d)}>${u("share.link")}</button>`}
</div>
</section>
<section>
<h3 id="code-title">${u("share.code")}</h3>
<pre
class="code"
tabindex="0"
role="region"
aria-labelledby="code-title"
><code>${a.length>cr?`${a.slice(0,cr)}…`:a}</code></pre>
<button type="button" class="button is-quiet" onClick=${()=>l(a)}>${u("share.copy")}</button>
</section>
<p role="status">${n}</p>`}var xi=1e5;function ur(){let[t,e]=q([]),[n,o]=q(!1);W(()=>{let{problem:a,values:i,steps:c}=I(),p=c.filter(({phase:b})=>b==="backward").map(({id:b})=>b),l=Object.values(a.parameters).reduce((b,{data:y})=>b+y.length,0),d=zs(a,i,p,l>xi?2:24),h=!1,m=()=>{if(h)return;let{value:b}=d.next();if(!b)return o(!0);e(y=>[...y,b]),setTimeout(m,0)};return setTimeout(m,0),()=>h=!0},[]);let s=t.filter(({passed:a})=>!a).length,r=n?s?u("check.some",{n:s}):u("check.all",{n:t.length}):u("check.running");return f`<p>${u("check.lead")}</p>
<div class="table-scroll">
<table class="plain" data-done=${n?"true":"false"} data-wrong=${s}>
<thead><tr><th>${u("check.quantity")}</th><th>${u("check.checked")}</th><th>${u("check.difference")}</th><th>${u("check.verdict")}</th></tr></thead>
<tbody>${t.map(({name:a,checked:i,of:c,difference:p,passed:l})=>f`<tr key=${a}>
<th scope="row"><${at} name=${a} /></th><td>${i} / ${c}</td><td>${v(p,2)}</td>
<td class=${l?"is-good":"is-bad"}>${u(l?"check.good":"check.bad")}</td>
</tr>`)}</tbody>
</table>
</div>
<p role="status"><b>${r}</b></p>`}var ki=12;function dr(){let[t,e]=q(""),n=t.trim().toLowerCase().replaceAll("'","′"),o=I().steps.filter(({id:a})=>a.toLowerCase().startsWith(n)),s=a=>{x({dialog:null}),pt({name:a,row:0,col:0})};return f`<form onSubmit=${a=>{a.preventDefault(),o.length&&s(o[0].id)}}>
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
${o.slice(0,ki).map(({id:a,phase:i})=>f`<li key=${a}><button
type="button"
class=${`ribbon-step phase-${i}`}
onClick=${()=>s(a)}
><${at} name=${a} /></button></li>`)}
</ul>
${o.length?null:f`<p class="quiet">${u("find.none")}</p>`}
</form>`}var Mi=[["Space","help.space"],["←  →","help.micro"],["Shift ←  →","help.layer"],["[  ]","help.update"],["/","help.find"],["?","help.help"]];function Si(){let{singleKeys:t}=k();return f`<dl class="keys">${Mi.map(([e,n])=>f`<dt><kbd>${e}</kbd></dt><dd>${u(n)}</dd>`)}</dl>
<p class="quiet">${u("help.grid")}</p>
<p class="quiet">${u("help.count")}</p>
<label class="choice"><input
type="checkbox"
checked=${t}
onChange=${e=>x({singleKeys:e.target.checked})}
/> ${u("help.single")}</label>`}var Ti={help:{title:"help.title",Body:Si},find:{title:"find.title",Body:dr},share:{title:"share.title",Body:pr},check:{title:"check.title",Body:ur}};function mr(){let{dialog:t}=k(),e=D(null);lt(()=>{t&&!e.current.open&&e.current.showModal(),!t&&e.current.open&&e.current.close()},[t]);let{title:n,Body:o}=Ti[t]??{};return f`<dialog ref=${e} aria-labelledby="dialog-title" onClose=${()=>x({dialog:null})} onClick=${r=>r.target===e.current&&e.current.close()}>
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
</dialog>`}var Gn=t=>`./${t}${location.search}`,hr=()=>document.getElementById("app").dataset.source==="server";async function $r(){let t=await fetch(Gn("lesson"));if(!t.ok)throw new Error("server.refused");let e=await t.json();if(Ie(e),$.session.isRecorded)return;let n=new EventSource(Gn("events")),o=a=>fetch(Gn("command"),{method:"POST",headers:{"Content-Type":"application/json"},body:JSON.stringify(a)}),s=()=>{n.close(),x({server:{on:!1},playing:!1})},r=()=>{o({do:"stop"}),s()};n.onmessage=({data:a})=>fr(JSON.parse(a),s),n.onerror=s,x({server:{on:!0,send:o,leave:r}}),e.now?.step&&fr({kind:"epoch",...e.now},s)}function fr(t,e){let{session:n}=$;if(t.kind==="closed")return e();if(t.kind==="end"){$.unit!=="micro"&&x({playing:!1}),t.why&&x({live:t.why});return}let{parameters:o,slots:s}=te({format:"deepstep-lesson",version:1,parameters:t.parameters,slots:t.slots});n.arrive(t.step,o,Number(t.cost),s),F(t.step+1,$.unit==="micro"?0:$.micro),ct()}function br(){let{server:t}=k();return t?f`<p class="check" data-server=${t.on?"on":"off"}>${u(t.on?"server.on":"server.off")}</p>`:null}var yr={home:Nn,play:Is,lab:tr};function Ai(){let{check:t}=k();if(!t)return null;let e=t.difference<1e-9,n=v(t.difference,2);return f`<p
class=${`check ${e?"is-good":"is-bad"}`}
title=${u("golden.explain",{n:t.compared})}
data-difference=${String(t.difference)}
>
${e?u("golden.good",{difference:n}):u("golden.bad",{name:t.worst,difference:n})}
</p>`}function Ci(){let{born:t}=k();return t?f`<div class="born" role="alert">
<p><b>${u("born.title",{name:t.name})}</b> ${u("born.text",{...t,value:v(t.value)})}</p>
<button type="button" class="button" onClick=${es}>${u("born.show")}</button>
</div>`:null}function Oi(){let{session:t}=k(),{notes:e=[]}=t.lesson,o=[...t.isRecorded?[u("app.recorded",{parts:Ae(t.lesson).join(", "),numbers:t.numbers.join(", ")})]:[],...e];return o.length?f`<ul class="notes">${o.map(s=>f`<li key=${s}>${s}</li>`)}</ul>`:null}function gr(){let{screen:t,session:e,live:n}=k(),o=e?yr[t]:Nn;return W(()=>{document.title=`${e?`${e.lesson.title} · `:""}${u(`screen.${t}`)} · ${u("app.name")}`,globalThis.scrollTo?.(0,0),document.activeElement===document.body&&document.getElementById("main")?.focus({preventScroll:!0})},[t,e]),f`
<a
class="skip"
href="#main"
onClick=${s=>(s.preventDefault(),document.getElementById("main").focus())}
>${u("app.skip")}</a>
<header class="top">
<p class="brand"><span class="brand-mark" aria-hidden="true"></span>${u("app.name")}</p>
<nav aria-label=${u("app.screens")} class="tabs">
${Object.keys(yr).map(s=>f`<button
type="button"
key=${s}
data-screen=${s}
aria-current=${t===s?"page":void 0}
disabled=${s!=="home"&&(!e||s==="play"&&e.isRecorded)}
onClick=${()=>ht(s)}
>${u(`screen.${s}`)}</button>`)}
</nav>
<${Ai} />
<${br} />
<div class="top-actions">
${e?f`<button
type="button"
class="button is-quiet"
data-open="find"
onClick=${()=>x({dialog:"find"})}
title=${`${u("app.find")} (/)`}
><span aria-hidden="true">⌕</span><span class="hide-narrow"> ${u("app.find")}</span><span class="only-narrow visually-hidden">${u("app.find")}</span></button>
${e.isRecorded?null:f`<button
type="button"
class="button is-quiet"
data-open="check"
onClick=${()=>x({dialog:"check",playing:!1})}
>${u("check.button")}</button>`}
<button
type="button"
class="button"
data-open="share"
onClick=${()=>x({dialog:"share",playing:!1})}
>${u("app.share")}</button>`:null}
<button
type="button"
class="button is-quiet is-round"
aria-label=${u("app.help")}
title=${`${u("app.help")} (?)`}
onClick=${()=>x({dialog:"help"})}
>?</button>
</div>
</header>
<${Ci} />
<main
id="main"
tabindex="-1"
class=${`screen-${t}`}
>${e&&t!=="home"?f`<${Oi} />`:null}<${o} /></main>
${e&&t!=="home"?f`<${er} />`:null}
<${mr} />
<p class="visually-hidden" aria-live="polite" role="status">${n}</p>
`}var _r="input, select, textarea, [contenteditable]",Ei=`${_r}, button, summary, a`;function Ni(t){let{key:e,shiftKey:n,target:o}=t;if(e==="?")return()=>x({dialog:$.dialog==="help"?null:"help"});if($.dialog||!$.session||$.screen==="home")return null;if(e===" ")return o.closest(Ei)?null:()=>Qt();if(e==="/")return()=>x({dialog:"find"});if(e==="[")return()=>qt(-1);if(e==="]")return()=>qt(1);if($.screen!=="lab")return null;let s={ArrowLeft:-1,ArrowRight:1}[e];return!s||o.closest("pre")?null:()=>n?Ne(s):At(s)}function wr(){document.body.addEventListener("keydown",t=>{if(t.defaultPrevented||t.ctrlKey||t.metaKey||t.altKey||!$.singleKeys||t.target.closest(_r))return;let e=Ni(t);e&&(t.preventDefault(),e())})}function Pi(){let t=de(),e=document.getElementById("deepstep-lesson");try{e?Ie(JSON.parse(e.textContent)):Ct.includes(t.toy?.data)&&yt(t.toy,t.screen);let n=t.screen?t:de(`#${$.session?.lesson.place??""}`);$.session&&n.screen&&Xn(n)}catch(n){x({session:null,screen:"home",error:u(`error.${n.message}`)})}}async function Ii(){hr()?(await $r().catch(()=>x({error:u("error.server.refused")})),$.session&&de().screen&&Xn(de())):Pi()}Ii().then(()=>{on(f`<${gr} />`,document.getElementById("app")),wr(),hs(),sr(),globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change",()=>x({})),requestAnimationFrame(()=>{globalThis.deepstepReady=!0})});})();
