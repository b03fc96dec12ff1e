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
(()=>{var I,vo,ea,gt,an,Ae,ko,Me,xo,ln,cn,na,se=Symbol.for("pv"),Oe={},Ce=[],oa=/^m(i|n|o|s|text|space)$/,un=Array.isArray,pn=Ce.slice,Ot=Object.assign;function At(t){t&&t.parentNode&&t.remove()}function Mo(t,e,n){var o,s,r,a={},i=arguments.length;for(r in e)r=="key"?o=e[r]:r=="ref"&&typeof t!="function"?s=e[r]:a[r]=e[r];return i>2&&(a.children=i>3?pn.call(arguments,2):n),oe(t,a,o,s,null)}function oe(t,e,n,o,s){var r={type:t,props:e,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:se,__v:s||++vo,__i:-1,__u:0};return!s&&I.vnode&&I.vnode(r),r}function re(t){return t.children}function Se(t,e){this.props=t,this.context=e,this.__g=0}function bt(t,e){if(e==null)return t.__&&bt(t.__,t.__i+1);for(var n;e<t.__k.length;e++)if((n=t.__k[e])&&n.__e)return n.__e;return typeof t.type!="function"||t.props.__P?null:bt(t)}function sa(t){var e,n=t.__v,o=n.__e,s=[],r=[],a=t.__P;a&&((e=Ot({constructor:se},n)).__v=n.__v+1,I.vnode&&I.vnode(e),dn(a,e,n,t.__n,a.namespaceURI,32&n.__u?[o]:null,s,o||bt(n),32&n.__u,r),e.__v=n.__v,e.__.__k[e.__i]=e,Eo(s,e,r),n.__=n.__e=null,e.__e!=o&&So(e))}function So(t){if((t=t.__)&&t.__c&&!t.props.__P)return t.__e=null,t.__k.some(function(e){return e&&(t.__e=e.__e)}),So(t)}function yo(t){(8&t.__g||(t.__g|=8,gt.push(t),Ae++))&&an==I.debounceRendering||((an=I.debounceRendering)||queueMicrotask)(To)}function To(){try{for(var t,e=1;gt.length;)gt.length>e&&gt.sort(ko),t=gt.shift(),e=gt.length,8&t.__g&&sa(t)}finally{(Ae=gt.length)&&(an||queueMicrotask)(To)}}function Ao(t,e,n,o,s,r,a,i,c,u,l){var f,h,p,g,y,_,b=o.__k||Ce,w=e.length;for(c=ra(n,e,b,c,w),f=0;f<w;f++)(p=n.__k[f])!=null&&(h=~p.__i&&b[p.__i]||Oe,p.__i=f,_=dn(t,p,h,s,r,a,i,c,u,l),g=p.__e,(h.ref!=p.ref||8&h.__u)&&(h.ref&&fn(h.ref,null,p,h),p.ref&&l.push(p.ref,p.__c||g,p)),y=y||g,4&p.__u?(c=Oo(p,c,t,!h.__v),h.__e&&(h.__e=null)):typeof p.type=="function"&&_!==void 0?c=_:g&&(c=g.nextSibling),p.__u&=-21);return n.__e=y,c}function ra(t,e,n,o,s){var r,a,i,c,u,l,f,h,p,g=n.length,y=g,_=0,b=0,w=t.__k=Array(s);for(r=0;r<s;r++)(a=e[r])!=null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=w[r]=oe(null,a):un(a)?a=w[r]=oe(re,{children:a}):a.constructor===se&&a.__b?a=w[r]=oe(a.type,a.props,a.key,a.ref,a.__v):w[r]=a,c=r+_,a.__=t,a.__b=t.__b+1,i=null,~(u=a.__i=aa(a,n,c,y))&&(y--,(i=n[u])&&(i.__u|=2)),i&&i.__v?(a.__u|=16,u==c-1?_--:u==c+1?_++:u!=c&&(u>c?_--:_++,b=1)):(~u||(s>g?_--:s<g&&_++),typeof a.type!="function"&&(a.__u|=4))):w[r]=null;if(b){for(l=[],f=[],r=0;r<s;r++)if((a=w[r])&&16&a.__u){for(_=0,h=l.length;_<h;)l[p=_+h>>1]<a.__i?_=p+1:h=p;l[_]=a.__i,f[r]=_+1}for(_=l.length;r--;)f[r]&&(f[r]==_?_--:w[r].__u|=4)}if(y)for(r=0;r<g;r++)!(i=n[r])||2&i.__u||(i.__e==o&&(o=bt(i)),mn(i,i));return o}function Oo(t,e,n,o){var s,r,a,i;if(typeof t.type=="function"){if(t.props.__P)return e;if(s=t.__k)for(r=0;r<s.length;r++)s[r]&&(s[r].__=t,e=Oo(s[r],e,n,!1));return e}for(e&&!e.parentNode&&(e=bt(t))&&!e.parentNode&&(e=null),a=t.__e,i=e;i&&i.nodeType==8;)i=i.nextSibling;for(a!=i&&(!o&&n.moveBefore&&a.parentNode?n.moveBefore(a,e):n.insertBefore(a,e||null)),e=a;(e=e&&e.nextSibling)&&e.nodeType==8&&!e.data.startsWith("$s"););return e}function aa(t,e,n,o){var s,r=t.key,a=t.type,i=e[n],c=i&&!(2&i.__u);if(i===null&&r==null||c&&r==i.key&&a==i.type)return n;if(o>(c?1:0)){for(s=n-1;s>=0;s--)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s;for(s=n+1;s<e.length;s++)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s}return-1}function wo(t,e,n){n==null&&(n=""),e[0]=="-"?t.setProperty(e,n):t[e]=n}function xe(t,e,n,o,s){var r,a;if(e=="style")if(typeof n=="string")t.style.cssText=n;else{if(typeof o=="string"&&(t.style.cssText=o=""),o)for(e in o)n&&e in n||wo(t.style,e);if(n)for(e in n)o&&n[e]==o[e]||wo(t.style,e,n[e])}else if(e[0]=="o"&&e[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(t.__e||(t.__e={}))[e]=n,n&&o||(a=cn[e]||(cn[e]=ia(e)),(t.__a||(t.__a={}))[e]=ln,r=e!=(e=e.replace(xo,"$1")),(e=e.slice(2))[0]<"a"&&(e=e.toLowerCase()),n?t.addEventListener(e,a,r):t.removeEventListener(e,a,r));else{if(s=="http://www.w3.org/2000/svg")e=e.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(e!="width"&&e!="height"&&e!="href"&&e!="list"&&e!="form"&&e!="tabIndex"&&e!="download"&&e!="rowSpan"&&e!="colSpan"&&e!="role"&&e!="popover"&&e in t)try{return void(t[e]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&e[4]!="-"?t.removeAttribute(e):t.setAttribute(e,e=="popover"&&n==1?"":n)}}function ia(t){return function(e){var n=this.__e;if(n){if(n=n[t],e[Me]==null)e[Me]=ln++;else if(e[Me]<this.__a[t])return;return n(I.event?I.event(e):e)}}}function dn(t,e,n,o,s,r,a,i,c,u){var l,f,h,p,g,y,_,b,w,A,k,M,P,B,j,Q,G,ft,tt=e.type;if(e.constructor!==se)return null;128&n.__u&&(c=32&n.__u,l=n.__c.__z)&&(e.__u|=c,f=r=[],l.nodeType==8?i=Te(l,r):r.push(l),i=r[0]||i),(l=I.__b)&&l(e);t:if(typeof tt=="function"){h=a.length;try{if(b=e.props,w=(l=tt.prototype)&&l.render,A=(l=tt.contextType)&&o[l.__c],k=l?A?A.props.value:l.__:o,(p=n.__c)?(e.__c=p,2&p.__g&&(p.__g|=1)):(w?e.__c=p=new tt(b,k):(e.__c=p=new Se(b,k),p.constructor=tt,p.render=la),A&&A.sub(p),p.state||(p.state={}),p.__n=o,p.__g|=8,p.__h=[],p.__k=[]),w&&(p.__s||(p.__s=p.state),tt.getDerivedStateFromProps&&(p.__s==p.state&&(p.__s=Ot({},p.__s)),Ot(p.__s,tt.getDerivedStateFromProps(b,p.__s)))),g=p.props,y=p.state,p.__v=e,n.__c){if(b!==g&&w&&!tt.getDerivedStateFromProps&&p.componentWillReceiveProps&&p.componentWillReceiveProps(b,k),e.__v==n.__v&&!(8&p.__g)||!(4&p.__g)&&p.shouldComponentUpdate&&p.shouldComponentUpdate(b,p.__s,k)===!1){e.__v!=n.__v&&(p.props=b,p.state=p.__s,p.__g&=-9),e.__e=n.__e,e.__k=n.__k,e.__k.some(function(Z){Z&&(Z.__=e)}),Ce.push.apply(p.__h,p.__k),p.__k=[],p.__h.length&&a.push(p),i=bt(n);break t}p.componentWillUpdate&&p.componentWillUpdate(b,p.__s,k),w&&p.componentDidUpdate&&p.__h.push(function(){p.componentDidUpdate(g,y,_)})}else w&&!tt.getDerivedStateFromProps&&p.componentWillMount&&p.componentWillMount(),w&&p.componentDidMount&&p.__h.push(p.componentDidMount);p.context=k,p.props=b,p.__P=t,p.__g&=-5,M=I.__r,P=w?25:0;do p.__g&=-9,M&&M(e),l=p.render(p.props,p.state=p.__s,p.context);while(8&p.__g&&++P<25);w&&(Ce.push.apply(p.__h,p.__k),p.__k=[]),p.state=p.__s,p.getChildContext&&(o=Ot({},o,p.getChildContext())),w&&n.__c&&p.getSnapshotBeforeUpdate&&(_=p.getSnapshotBeforeUpdate(g,y)),B=l&&l.type===re&&l.key==null?l.props.children:l,b.__P&&(l=i,s=(t=b.__P).namespaceURI,c=r=null,n.props&&n.props.__P!=t&&(n.__k.some(function(Z){Z&&mn(Z,Z)}),n.__k=null),i=n.__k?bt(n,0):null),i=Ao(t,un(B)?B:[B],e,n,o,s,r,a,i,c,u),b.__P&&(e.__e=null,i=l),e.__u&=-161,f&&f.some(At),p.__h.length&&a.push(p),1&p.__g&&(p.__g&=-4)}catch(Z){if(a.length=h,e.__v=null,c||r)if(Z&&Z.then){if(e.__u|=128|c,r){for(~(G=r.indexOf(i||void 0))||(G=r.length);(ft=r[G-1])&&ft.nodeType==8;)G--;for(;G<r.length;G++)if(ft=r[G])if(r[G]=null,j){if(ft==Q)break}else{if(ft.nodeType!=8)break;ft.data.startsWith("$s")&&(Q=Te(j=ft))}}if(!j){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;j=i}(l=Te(j=e.__c.__z||(e.__c.__z=j)))?(e.__e=j,i=l):e.__e=i,i=i&&i.nextSibling}else r&&r.some(At);else e.__e=n.__e;e.__k||(e.__k=n.__k||[]),Z&&Z.then||Co(e),I.__e(Z,e,n)}}else i=e.__e=ca(n.__e,e,n,o,s,r,a,c,u,t);return(l=I.diffed)&&l(e),i}function Te(t,e){if(t&&t.nodeType==8&&t.data.startsWith("$s"))for(var n=1;t=t.nextSibling;){if(t.nodeType==8){if(t.data.startsWith("$s"))n++;else if(t.data.startsWith("/$s")&&!--n)return t}e&&e.push(t)}}function Co(t){t&&(t.__c&&(t.__c.__g|=4),t.__k&&t.__k.some(Co))}function Eo(t,e,n){for(var o=0;o<n.length;)fn(n[o++],n[o++],n[o++]);I.__c&&I.__c(e,t),t.some(function(s){try{t=s.__h,s.__h=[],t.some(function(r){r.call(s)})}catch(r){I.__e(r,s.__v)}})}function ca(t,e,n,o,s,r,a,i,c,u){var l,f,h,p,g,y,_,b,w=n.props||Oe,A=e.props,k=e.type;if(k=="svg"?s="http://www.w3.org/2000/svg":k=="math"?s="http://www.w3.org/1998/Math/MathML":s||(s="http://www.w3.org/1999/xhtml"),r){for(l=0;l<r.length;l++)if((g=r[l])&&(k?g.localName==k:g.nodeType==3)){t=g,r[l]=null;break}}if(!t){if(b=u.ownerDocument||document,!k)return b.createTextNode(A);t=b.createElementNS(s,k,A.is?A:u),i&&(I.__m&&I.__m(e,r),i=!1),r=null}if(k){if(u=k=="template"&&t.content||t,r=k=="textarea"&&A.defaultValue!=null?null:r&&pn.call(u.childNodes),!i&&r)for(w={},l=0;l<t.attributes.length;l++)w[(g=t.attributes[l]).name]=g.value;for(l in w)g=w[l],l=="dangerouslySetInnerHTML"?h=g:l=="children"||l in A||l=="value"&&"defaultValue"in A||l=="checked"&&"defaultChecked"in A||xe(t,l,null,g,s);for(l in A)g=A[l],l=="children"?p=g:l=="dangerouslySetInnerHTML"?f=g:l=="value"?y=g:l=="checked"?_=g:i&&typeof g!="function"||w[l]===g||xe(t,l,g,w[l],s);f?(i||h&&(f.__html==h.__html||f.__html==t.innerHTML)||(t.innerHTML=f.__html),e.__k=[]):(h&&(t.textContent=""),(k=="foreignObject"||s=="http://www.w3.org/1998/Math/MathML"&&oa.test(k))&&(s="http://www.w3.org/1999/xhtml"),Ao(u,un(p)?p:[p],e,n,o,s,r,a,r?r[0]:n.__k&&bt(n,0),i,c),r&&r.some(At)),i&&k!="textarea"||(l="value",k=="progress"&&y==null?t.removeAttribute(l):y==null||y===t[l]&&(k!="progress"||y)||xe(t,l,y,w[l],s),l="checked",_!=null&&_!=t[l]&&xe(t,l,_,w[l],s))}else w===A||i&&t.data==A||(t.data=A);return t}function fn(t,e,n,o){try{typeof t=="function"?e?e.__x=t(e)||1:o&&(o=o.__c||o.__e)&&(e=o.__x)&&(o.__x=null,typeof e=="function"?e():t(null)):t.current=e}catch(s){I.__e(s,n)}}function mn(t,e,n){var o,s,r,a;if(I.unmount&&I.unmount(t),!(o=t.ref)||o.current&&o.current!=t.__e||fn(o,null,e,t),o=t.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(i){I.__e(i,e)}o.__P=o.__n=null}if(o=t.__k)for(a=0;a<o.length;a++)o[a]&&mn(o[a],e,typeof t.type!="function"||n&&!t.props.__P);!n&&(o=t.__c)&&(o=o.__z)&&(s=Te(o,r=[]))&&(o==t.__e&&r.some(At),At(s),At(o)),n||At(t.__e),t.__e=t.__c=t.__=null}function la(t,e,n){return this.constructor(t,n)}function hn(t,e){var n,o,s,r;I.__&&I.__(t,e),e.nodeType==9&&(e=e.documentElement),o=(n=t&&32&t.__u)?null:e.__k,e.__k=oe(re,{children:[t]}),s=[],r=[],dn(e,e.__k,o||Oe,Oe,e.namespaceURI,o?null:e.firstChild?pn.call(e.childNodes):null,s,o?o.__e:e.firstChild,n,r),Eo(s,e.__k,r),e.__k.props.children=null}I={__e:function(t,e,n,o){for(var s,r,a;e=e.__;)if((s=e.__c)&&!(1&s.__g)){s.__g|=4;try{if((a=(r=s.constructor)&&r.getDerivedStateFromError)&&s.setState(r.getDerivedStateFromError(t)),s.componentDidCatch&&(s.componentDidCatch(t,o||{}),a=1),a&&8&s.__g)return void(s.__g|=2)}catch(i){t=i}}throw Ae=0,t}},vo=0,ea=function(t){return t!=null&&t.constructor===se},Se.prototype.setState=function(t,e){var n=this.__s;n&&n!=this.state||(n=this.__s=Ot({},this.state)),typeof t=="function"&&(t=t(Ot({},n),this.props)),t&&(Ot(n,t),this.__v&&(e&&this.__k.push(e),yo(this)))},Se.prototype.forceUpdate=function(t){this.__v&&(this.__g|=4,t&&this.__h.push(t),yo(this))},Se.prototype.render=re,gt=[],Ae=0,ko=function(t,e){return t.__v.__b-e.__v.__b},Me=Symbol(),xo=/(PointerCapture)$|Capture$/i,ln=0,cn={},na=0;var Po=function(t,e,n,o){var s;e[0]=0;for(var r=1;r<e.length;r++){var a=e[r++],i=e[r]?(e[0]|=a?1:2,n[e[r++]]):e[++r];a===3?o[0]=i:a===4?o[1]=Object.assign(o[1]||{},i):a===5?(o[1]=o[1]||{})[e[++r]]=i:a===6?o[1][e[++r]]+=i+"":a?(s=t.apply(i,Po(t,i,n,["",null])),o.push(s),i[0]?e[0]|=2:(e[r-2]=0,e[r]=s)):o.push(i)}return o},No=new Map;function Io(t){var e=No.get(this);return e||(e=new Map,No.set(this,e)),(e=Po(this,e.get(t)||(e.set(t,e=(function(n){for(var o,s,r=1,a="",i="",c=[0],u=function(h){r===1&&(h||(a=a.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?c.push(0,h,a):r===3&&(h||a)?(c.push(3,h,a),r=2):r===2&&a==="..."&&h?c.push(4,h,0):r===2&&a&&!h?c.push(5,0,!0,a):r>=5&&((a||!h&&r===5)&&(c.push(r,0,a,s),r=6),h&&(c.push(r,h,0,s),r=6)),a=""},l=0;l<n.length;l++){l&&(r===1&&u(),u(l));for(var f=0;f<n[l].length;f++)o=n[l][f],r===1?o==="<"?(u(),c=[c],r=3):a+=o:r===4?a==="--"&&o===">"?(r=1,a=""):a=o+a[0]:i?o===i?i="":a+=o:o==='"'||o==="'"?i=o:o===">"?(u(),r=1):r&&(o==="="?(r=5,s=a,a=""):o==="/"&&(r<5||n[l][f+1]===">")?(u(),r===3&&(c=c[0]),r=c,(c=c[0]).push(2,0,r),r=0):o===" "||o==="	"||o===`
`||o==="\r"?(u(),r=2):a+=o),r===3&&a==="!--"&&(r=4,c=c[0])}return u(),c})(t)),e),arguments,[])).length>1?e:e[0]}var Dt,U,$n,qo,gn=Object.is,Ee=0,Bo=[],bn=[],W=I,jo=W.__b,Lo=W.__r,Ro=W.diffed,Fo=W.__c,Do=W.unmount,Wo=W.__;function Ne(t,e){W.__h&&W.__h(U,t,Ee||e),Ee=0;var n=U.__H||(U.__H={__:[],__h:[]});return t>=n.__.length&&n.__.push({}),n.__[t]}function H(t){return Ee=1,ua(Xo,t)}function ua(t,e,n){var o=Ne(Dt++,2);if(o.t=t,!o.__c&&(o.__=[n?n(e):Xo(void 0,e),function(r){var a=(o.__N||o.__)[0],i=o.t(a,r);gn(a,i)||(o.__N=[i,o.__[1]],o.__c.setState({}))}],o.__c=U,!U.__f)){U.__f=!0;var s=U.shouldComponentUpdate;U.shouldComponentUpdate=function(r,a,i){var c=this.__H;if(!c)return!0;var u=!1,l=this.props!=r;if(c.__.some(function(h){h.__N&&(u=!0,gn(h.__[0],h.__N[0])||(l=!0))}),s){var f=s.call(this,r,a,i);return u?f||l:f}return!u||l}}return o.__}function J(t,e){var n=Ne(Dt++,3);!W.__s&&yn(n.__H,e)&&(n.__P=!0,n.__=t,n.u=e,U.__H.__h.push(n))}function st(t,e){var n=Ne(Dt++,4);!W.__s&&yn(n.__H,e)&&(n.__P=!1,n.__=t,n.u=e,U.__h.push(n))}function Y(t){return Ee=5,Yo(function(){return{current:t}},[])}function Yo(t,e){var n=Ne(Dt++,7);return yn(n.__H,e)&&(n.__=t(),n.__H=e),n.__}function pa(){var t;do{for(;t=bn.shift();)try{ae(t)}catch(n){W.__e(n,{__:(t=t.__P)&&t.__v})}for(;t=Bo.shift();){var e=t.__H;if(t.__P&&e)try{e.__h.some(ae),e.__h.some(_n),e.__h=[]}catch(n){e.__h=[],W.__e(n,t.__v)}}}while(bn.length)}W.__b=function(t){U=null,jo&&jo(t)},W.__=function(t,e){t&&e.__k&&e.__k.__m&&(t.__m=e.__k.__m),Wo&&Wo(t,e)},W.__r=function(t){Lo&&Lo(t),Dt=0;var e=(U=t.__c).__H;e&&($n==U?U.__h=[]:(e.__h.some(ae),e.__h.some(_n),Dt=0),e.__h=[],e.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),$n=U},W.diffed=function(t){Ro&&Ro(t);var e=t.__c;e&&e.__H&&(e.__H.__h.length&&Uo(Bo.push(e)),e.__H.__.some(function(n){n.u&&(n.__H=n.u)})),$n=U=null},W.__c=function(t,e){e.some(function(n){try{n.__h.some(ae),n.__h=n.__h.filter(function(o){return!o.__||_n(o)})}catch(o){n.__h=[function(){throw o}]}}),Fo&&Fo(t,e)},W.unmount=function(t){Do&&Do(t);var e,n,o=t.__c;o&&o.__H&&(o.__H.__.some(function(s){try{if(s.__P&&s.__c){if(n===void 0){for(n=t.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}s.__P=n,Uo(bn.push(s))}else ae(s)}catch(r){e=r}}),o.__H=void 0,e&&W.__e(e,o.__v))};var Ho=typeof requestAnimationFrame=="function";function da(t){var e,n=function(){clearTimeout(o),Ho&&cancelAnimationFrame(e),setTimeout(t)},o=setTimeout(n,35);Ho&&(e=requestAnimationFrame(n))}function Uo(t){t!=1&&qo==W.requestAnimationFrame||((qo=W.requestAnimationFrame)||da)(pa)}function ae(t){var e=U,n=t.__c;typeof n=="function"&&(t.__c=void 0,n()),U=e}function _n(t){var e=U;t.__c=t.__(),U=e}function yn(t,e){return!t||t.length!=e.length||e.some(function(n,o){return!gn(n,t[o])})}function Xo(t,e){return typeof e=="function"?e(t):e}var m=Io.bind(Mo);var $={screen:"home",session:null,k:1,micro:0,cursor:null,focusCursor:!1,playing:!1,job:null,unit:"update",speed:3,dialog:null,singleKeys:!0,live:"",error:"",carried:null,check:null,born:null,ended:"",unitOpen:null,firstUnit:{},paint:null,server:null},Pe=new Set,wn=!1;function _t(){wn||(wn=!0,queueMicrotask(()=>{wn=!1;for(let t of Pe)t()}))}function x(t){Object.assign($,t),_t()}function S(){let[,t]=H(0);return st(()=>{let e=()=>t(n=>n+1);return Pe.add(e),()=>Pe.delete(e)},[]),$}function zo(t){Pe.add(t)}var q=(t,e)=>({rows:t,cols:e,data:new Float64Array(t*e)}),fa=(t,e,n)=>({rows:t,cols:e,data:Float64Array.from(n)}),V=t=>fa(t.length,t[0].length,t.flat()),Ie=t=>({rows:t.rows,cols:t.cols,data:t.data.slice()}),E=(t,e,n)=>t.data[e*t.cols+n];function rt(t,e){let n=q(t.rows,t.cols);for(let o=0;o<t.data.length;o++)n.data[o]=e(t.data[o]);return n}function at(t,e,n){let o=q(t.rows,t.cols);for(let s=0;s<t.data.length;s++)o.data[s]=n(t.data[s],e.data[s]);return o}function Jo(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=q(n,s);for(let a=0;a<n;a++){let i=r.data.subarray(a*s,(a+1)*s);for(let c=0;c<o;c++){let u=t.data[a*o+c],l=c*s;for(let f=0;f<s;f++)i[f]+=u*e.data[l+f]}}return r}function Zo(t,e){let[n,o,s]=[t.rows,t.cols,e.rows],r=q(n,s);for(let a=0;a<n;a++)for(let i=0;i<s;i++){let c=0;for(let u=0;u<o;u++)c+=t.data[a*o+u]*e.data[i*o+u];r.data[a*s+i]=c}return r}function Go(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=q(o,s);for(let a=0;a<n;a++)for(let i=0;i<o;i++){let c=t.data[a*o+i];for(let u=0;u<s;u++)r.data[i*s+u]+=c*e.data[a*s+u]}return r}function Vo(t,e){let n=q(t.rows,t.cols);for(let o=0,s=0;o<t.rows;o++)for(let r=0;r<t.cols;r++,s++)n.data[s]=t.data[s]+e.data[o];return n}function Ko(t){let e=q(t.rows,1);for(let n=0,o=0;n<t.rows;n++)for(let s=0;s<t.cols;s++,o++)e.data[n]+=t.data[o];return e}function Wt(t,e){let n=q(t.rows,e.length);for(let o=0;o<t.rows;o++)for(let s=0;s<e.length;s++)n.data[o*e.length+s]=t.data[o*t.cols+e[s]];return n}function vn(t,e){let n=q(t.rows,t.cols+1);for(let o=0;o<t.rows;o++)n.data.set(t.data.subarray(o*t.cols,(o+1)*t.cols),o*n.cols),n.data[(o+1)*n.cols-1]=e[o];return n}var es=Math.sqrt(Math.PI);function Qo(t){let e=t,n=t;for(let o=1;e>n*1e-17;o++)e*=2*t*t/(2*o+1),n+=e;return 2/es*Math.exp(-t*t)*n}function ts(t){let e=t;for(let n=90;n>0;n--)e=t+n/2/e;return Math.exp(-t*t)/(es*e)}function kn(t){let e=Math.abs(t)/Math.SQRT2;return e<2?t<0?(1-Qo(e))/2:(1+Qo(e))/2:t<0?ts(e)/2:1-ts(e)/2}var ns=1.0507009873554805,os=1.6732632423543772,ss=40,is=Math.sqrt(2/Math.PI),xn=t=>Math.min(Math.max(t,-ss),ss);function ut(t){let e=Math.exp(-Math.abs(t));return(t>=0?1:e)/(1+e)}function cs(t,e){let n=Math.exp(-Math.abs(e));return t*n/((1+n)*(1+n))}var Mn=t=>Math.max(t,0)+Math.log1p(Math.exp(-Math.abs(t))),rs=(t,e)=>t>0?t:e*Math.expm1(Math.min(t,0)),as=(t,e,n)=>t*(e>0?1:n*Math.exp(Math.min(e,0))),Sn=t=>2*is*(t+.044715*t*t*t);function ma(t,e){let n=Math.exp(-Math.abs(e)),o=2*n/(1+n*n);return t*o*o}function ha(t,e){let n=xn(e),o=2*is*(1+3*.044715*n*n);return t*(ut(Sn(n))+cs(n*o,Sn(n)))}function $a(t,e){let n=Math.tanh(Mn(e));return t*(n+e*(1-n*n)*ut(e))}var ga={identity:{forward:t=>t,backward:t=>t},relu:{forward:t=>t>0||t!==t?t:0,backward:(t,e)=>e>0?t:0},leaky_relu:{forward:t=>t>0?t:.01*t,backward:(t,e)=>e>0?t:.01*t},elu:{forward:t=>rs(t,1),backward:(t,e)=>as(t,e,1)},selu:{forward:t=>ns*rs(t,os),backward:(t,e)=>ns*as(t,e,os)},gelu:{forward:t=>t*kn(t),backward:(t,e)=>{let n=xn(e);return t*(kn(e)+n*Math.exp(-n*n/2)/Math.sqrt(2*Math.PI))}},gelu_tanh:{forward:t=>t*ut(Sn(xn(t))),backward:ha},silu:{forward:t=>t*ut(t),backward:(t,e)=>t*ut(e)*(1+e*ut(-e))},mish:{forward:t=>t*Math.tanh(Mn(t)),backward:$a},softplus:{forward:Mn,backward:(t,e)=>t*ut(e)},tanh:{forward:Math.tanh,backward:ma},sigmoid:{forward:ut,backward:cs}};function qe(t){let e=q(t.rows,t.cols);for(let n=0;n<t.cols;n++){let o=-1/0,s=0;for(let r=0;r<t.rows;r++)o=Math.max(o,t.data[r*t.cols+n]);for(let r=0;r<t.rows;r++)s+=e.data[r*t.cols+n]=Math.exp(t.data[r*t.cols+n]-o);for(let r=0;r<t.rows;r++)e.data[r*t.cols+n]/=s}return e}function ba(t,e){let n=qe(e),o=q(e.rows,e.cols);for(let s=0;s<e.cols;s++){let r=0;for(let a=0;a<e.rows;a++)r+=t.data[a*e.cols+s]*n.data[a*e.cols+s];for(let a=0,i=s;a<e.rows;a++,i+=e.cols)o.data[i]=n.data[i]*(t.data[i]-r)}return o}var nt={...Object.fromEntries(Object.entries(ga).map(([t,e])=>[t,{one:e,forward:n=>rt(n,e.forward),backward:(n,o)=>at(n,o,e.backward)}])),softmax:{forward:qe,backward:ba}};function ls(t,e,n){let o=q(1,t.cols);for(let s=0,r=0;s<t.rows;s++)for(let a=0;a<t.cols;a++,r++)o.data[a]+=n(t.data[r],e.data[r]);return o}function _a(t,e){let n=q(1,t.cols);for(let o=0;o<t.cols;o++){let s=-1/0,r=0,a=0;for(let i=o;i<t.data.length;i+=t.cols)s=Math.max(s,t.data[i]);for(let i=o;i<t.data.length;i+=t.cols){let c=t.data[i]-s;r+=Math.exp(c),a+=e.data[i]*c}n.data[o]=Math.log(r)-a}return n}var it={sigmoid:{activation:"sigmoid",equation:"sigmoid_cross_entropy",loss:(t,e)=>ls(t,e,(n,o)=>Math.max(n,0)-o*n+Math.log1p(Math.exp(-Math.abs(n)))),lossBackward:(t,e)=>at(t,e,(n,o)=>ut(n)-o)},softmax:{activation:"softmax",equation:"softmax_cross_entropy",loss:_a,lossBackward:(t,e)=>at(qe(t),e,(n,o)=>n-o)},identity:{activation:"identity",equation:"squared_error",loss:(t,e)=>{let n=ls(t,e,(o,s)=>(o-s)**2);return{...n,data:n.data.map(o=>o/2)}},lossBackward:(t,e)=>at(t,e,(n,o)=>n-o)}};var us=(t,e,n)=>t/(1-e**n);function ya(t,e,{v:n,s:o},{learning_rate:s,beta1:r,beta2:a,epsilon:i,epsilon_at:c,t:u}){n=r*n+(1-r)*e,o=a*o+(1-a)*e*e;let l={v̂:us(n,r,u),ŝ:us(o,a,u)},f=c==="hat"?(Math.sqrt(o)+i)/Math.sqrt(1-a**u):c==="inside"?Math.sqrt(l.ŝ+i):Math.sqrt(l.ŝ)+i;return{theta:t-s*(l.v̂/f),v:n,s:o,hats:l}}var ps={equation:"adam_update",state:["v","s"],hats:{v̂:"v",ŝ:"s"},defaults:{beta1:.9,beta2:.999,epsilon:1e-8,epsilon_at:"outside"},one:ya},R={gd:{equation:"gradient_descent_update",state:[],defaults:{},one:(t,e,n,{learning_rate:o})=>({theta:t-o*e})},momentum:{equation:"momentum_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n+(1-s)*e,{theta:t-o*n,v:n}}},nesterov:{equation:"nesterov_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n-o*e,{theta:t+s*n-o*e,v:n}}},rmsprop:{equation:"rmsprop_update",state:["s"],defaults:{beta:.99,epsilon:1e-8},one(t,e,{s:n},{learning_rate:o,beta:s,epsilon:r}){return n=s*n+(1-s)*e*e,{theta:t-o*(e/(Math.sqrt(n)+r)),s:n}}},adam:ps,adamw:{...ps,weight_decay:.01},lion:{equation:"lion_update",state:["v"],defaults:{beta1:.9,beta2:.99},one(t,e,{v:n},{learning_rate:o,beta1:s,beta2:r}){let a=Math.sign(s*n+(1-s)*e);return{theta:t-o*a,v:r*n+(1-r)*e}}}};function Ct({network:t,training:e,parameters:n,X:o,Y:s,masks:r},a=new Map,i=void 0){let c=(_,b)=>{let w=i?.name===_?i.value:b;return a.set(_,w),w},{activations:u}=t,l=u.length,f=_=>i?.name===_?i.value:n[_],h=c("A0",o),p=h;for(let _=1;_<=l;_++){let b=r?.[`A${_}`];p=c(`Z${_}`,Vo(Jo(f(`W${_}`),h),f(`b${_}`))),h=c(b?`g(Z${_})`:`A${_}`,nt[u[_-1]].forward(p)),b&&(a.set(`mask${_}`,b),h=c(`A${_}`,at(h,b,(w,A)=>w*A)))}if(!s)return a;a.set("Y",s);let g=c("loss",it[t.output].loss(p,s)),y=0;for(let _ of g.data)y+=_;if(y/=g.cols,e.l2){let _=0;for(let b=1;b<=l;b++)for(let w of f(`W${b}`).data)_+=w*w;a.set("J_data",y),a.set("J_L2",e.l2/(2*g.cols)*_),a.set("J",y+a.get("J_L2"))}else a.set("J",y);return a}function ds(t,e,n){return Ct({network:t,training:{},parameters:e,X:n,Y:null}).get(`A${t.activations.length}`)}function wa({network:t,training:e,parameters:n,masks:o=void 0},s){let{activations:r}=t,a=r.length,i=s.get("Y"),c=i.cols,u=it[t.output].lossBackward(s.get(`Z${a}`),i);for(let l=a;l>=1;l--){let f=n[`W${l}`];s.set(`dZ${l}`,u);let h=rt(Zo(u,s.get(`A${l-1}`)),y=>y/c);if(e.l2&&(s.set(`dW${l}_data`,h),s.set(`dW${l}_L2`,rt(f,y=>e.l2/c*y)),h=at(h,s.get(`dW${l}_L2`),(y,_)=>y+_)),s.set(`dW${l}`,h),s.set(`db${l}`,rt(Ko(u),y=>y/c)),l===1)break;let p=Go(f,u);s.set(`dA${l-1}`,p);let g=o?.[`A${l-1}`];g&&s.set(`dg(Z${l-1})`,p=at(p,g,(y,_)=>y*_)),u=nt[r[l-2]].backward(p,s.get(`Z${l-1}`))}return s}function va({training:t,parameters:e,slots:n,t:o},s){let r=R[t.optimizer],a={...r.defaults,...t.hyperparameters,learning_rate:t.learning_rate,t:o},i={parameters:{},slots:{}};for(let[c,u]of Object.entries(e)){let l=u;t.weight_decay&&c[0]==="W"&&(l=rt(u,g=>(1-t.learning_rate*t.weight_decay)*g),s.set(`${c}_decayed`,l));let f=s.get(`d${c}`),h=Object.fromEntries([...r.state,...Object.keys(r.hats??{})].map(g=>[g,q(l.rows,l.cols)])),p=q(l.rows,l.cols);for(let g=0;g<l.data.length;g++){let y={};for(let b of r.state)y[b]=n?.[`${b}_d${c}`]?.data[g]??0;let _=r.one(l.data[g],f.data[g],y,a);p.data[g]=_.theta;for(let b of r.state)h[b].data[g]=_[b];for(let b in r.hats)h[b].data[g]=_.hats[b]}for(let g in h)s.set(`${g}_d${c}`,h[g]);for(let g of r.state)i.slots[`${g}_d${c}`]=h[g];s.set(`${c}′`,p),i.parameters[c]=p}return i}function Ht(t){let e=new Map;Ct(t,e);for(let[o,s]of Object.entries(t.parameters))e.set(o,s);for(let[o,s]of Object.entries(t.slots??{}))e.set(`${o}⁻`,s);wa(t,e);let n=va(t,e);return{values:e,after:{...n,t:t.t}}}var fs=(t,e)=>Object.is(t,e)||t===e?0:Math.abs(t-e)/Math.max(1,Math.abs(t),Math.abs(e));function ka(t,e){if(typeof e=="number")return ms(fs(t,e));if(!t||t.data.length!==e.data.length)return 1/0;let n=0;for(let o=0;o<t.data.length;o++)n=Math.max(n,ms(fs(t.data[o],e.data[o])));return n}var ms=t=>Number.isNaN(t)?1/0:t;function Tn({parameters:t,slots:e,quantities:n,after:o}){let s=(r,a)=>Object.entries(r??{}).map(([i,c])=>[`${i}${a}`,c]);return new Map([...s(t,""),...s(e,"⁻"),...s(n,""),...s(o,"′")])}function An({network:t,training:e},{step:n,parameters:o,slots:s,quantities:r,learning_rate:a}){let i=Object.entries(r).filter(([c])=>c.startsWith("mask"));return{network:t,training:{...e,learning_rate:a??e.learning_rate},parameters:o,slots:s??{},t:n,X:r.A0,Y:r.Y,masks:i.length?Object.fromEntries(i.map(([c,u])=>[c.replace("mask","A"),u])):null}}function On(t,e){let n={difference:0,worst:"",compared:0};for(let[o,s]of Tn(e)){if(s==null||!t.has(o))continue;let r=ka(t.get(o),s);n.compared+=1,r>n.difference&&Object.assign(n,{difference:r,worst:o}),t.set(o,s)}return n}var hs=(t,e)=>On(Ht(An(t,e)).values,e);function Ut({network:t,training:e}){let n=t.activations.slice(0,-1).filter(o=>!nt[o]?.one);return[...e.beyond??[],...n,...it[t.output]?[]:[t.output],...R[e.optimizer]?[]:[e.optimizer]]}var xa={input:"given"},je=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!0,this.costs=[],this.changedFrom=1/0,this.numbers=e.golden.map(({step:n})=>n).sort((n,o)=>n-o),this.latest={t:this.numbers.at(-1)-1,parameters:e.golden.at(-1).parameters,slots:{}},this.size=Object.values(e.parameters).reduce((n,{data:o})=>n+o.length,0),this.opened=new Map;for(let{step:n,quantities:o}of e.golden)this.costs[n-1]=o.J}trainingAt(){return this.lesson.training}dataAt(){return this.lesson.data}updatesPerEpoch(){return 1}golden(e){return this.lesson.golden.find(({step:n})=>n===e)}epochOf(e){return this.golden(e).epoch}batchOf(e){return Array.from({length:this.golden(e).quantities.Y.cols},(n,o)=>this.lesson.batches?.[e-1]?.[o]??o)}state(e){return{parameters:this.golden(e+1).parameters,slots:{},t:e}}open(e){return this.opened.has(e)||this.opened.set(e,this.openRecorded(e)),this.opened.get(e)}openRecorded(e){let n=this.golden(e),o=Tn(n),s=this.lesson.entries.filter(({name:a})=>o.has(a)&&a!=="t"&&!(a in n.parameters)).map(({name:a,layer:i,phase:c,formula:u,equation:l})=>({id:a,layer:i,phase:xa[c]??c,kind:"recorded",equation:l,formula:u,tokens:[{name:a},...Ma(u,a,o)]})),r={...An(this.lesson,n),batch:this.batchOf(e)};return{k:e,problem:r,values:o,after:{parameters:n.after},steps:s,check:null,born:null}}reach(e,n=1){let o=this.numbers.filter(s=>e>=n?s>=e:s<=e);return e>=n?o[0]??this.numbers.at(-1):o.at(-1)??this.numbers[0]}};function Ma(t,e,n){let o=t.split("=").slice(1).join("=");return[...new Set(o.match(/[A-Za-z_]+\d+/g)??[])].filter(r=>r!==e&&n.has(r)).slice(0,3).flatMap(r=>[",",{name:r}]).slice(0,6).map((r,a)=>a===0?"←":r)}var T=t=>({name:t}),$s=t=>({name:t,transposed:!0});function*Sa({activations:t},e){for(let n=1;n<=t.length;n++){let o=t[n-1],s=(a,i,c,...u)=>({id:a,phase:"forward",layer:n,kind:i,equation:c,tokens:u});yield s(`Z${n}`,"linear","linear_forward",T(`Z${n}`),"=",T(`W${n}`),"·",T(`A${n-1}`),"+",T(`b${n}`));let r=e(n)?`g(Z${n})`:`A${n}`;yield s(r,"activation",o,T(r),"=",o,"(",T(`Z${n}`),")"),e(n)&&(yield s(`A${n}`,"dropout","dropout_forward",T(`A${n}`),"=",T(r),"∘",T(`mask${n}`)))}}function*Ta({activations:t,output:e},n){let o=t.length,{equation:s}=it[e],r=(i,c,u,...l)=>({id:i,phase:"cost",layer:o,kind:c,equation:u,tokens:l});yield r("loss","loss",s,T("loss"),"=","loss","(",T(`Z${o}`),",",T("Y"),")");let a=["1/m","Σ",T("loss")];yield n?r("J","cost","l2_cost",T("J"),"=",...a,"+",T("J_L2")):r("J","cost","cost_from_logits",T("J"),"=",...a)}function*Aa({activations:t,output:e},n,o){let s=t.length;for(let r=s;r>=1;r--){let a=(c,u,l,...f)=>({id:c,phase:"backward",layer:r,kind:u,equation:l,tokens:f});if(r===s){let c=o(r)?`g(Z${r})`:`A${r}`;yield a(`dZ${r}`,"output",`${it[e].equation}_backward`,T(`dZ${r}`),"=",T(c),"−",T("Y"))}else{let c=o(r)?`dg(Z${r})`:`dA${r}`;o(r)&&(yield a(c,"dropout_back","dropout_backward",T(c),"=",T(`dA${r}`),"∘",T(`mask${r}`)));let u=t[r-1];yield a(`dZ${r}`,"activation_back",`${u}_backward`,T(`dZ${r}`),"=",T(c),"∘",`${u}′`,"(",T(`Z${r}`),")")}let i=n?["+","λ/m",T(`W${r}`)]:[];yield a(`dW${r}`,"weights","linear_backward",T(`dW${r}`),"=","1/m",T(`dZ${r}`),"·",$s(`A${r-1}`),...i),yield a(`db${r}`,"bias","linear_backward",T(`db${r}`),"=","1/m","Σ",T(`dZ${r}`)),r>1&&(yield{...a(`dA${r-1}`,"back","linear_backward",T(`dA${r-1}`),"=",$s(`W${r}`),"·",T(`dZ${r}`)),layer:r-1})}}function*Oa({activations:t},{optimizer:e,weight_decay:n}){let o=R[e];for(let s=1;s<=t.length;s++)for(let r of[`W${s}`,`b${s}`]){let a=(l,f,h,...p)=>({id:l,phase:"update",layer:s,kind:f,equation:h,tokens:p}),i=n&&r[0]==="W"?`${r}_decayed`:r;i!==r&&(yield a(i,"decay","decoupled_decay",T(i),"=","(1 − α·λ)",T(r)));for(let l of o.state){let f=`${l}_d${r}`;yield a(f,"slot",o.equation,T(f),"←",T(`${f}⁻`),",",T(`d${r}`))}let c=o.hats?Object.keys(o.hats).map(l=>T(`${l}_d${r}`)):[T(`d${r}`)],u=e==="gd"?["−","α",T(`d${r}`)]:[",",...o.hats?c:o.state.map(l=>T(`${l}_d${r}`)).concat(c)].flatMap((l,f)=>f>1?[",",l]:[l]);yield a(`${r}′`,"update",o.equation,T(`${r}′`),e==="gd"?"=":"←",T(i),...u)}}function gs(t,e,n){let o=s=>!!n?.[`A${s}`];return[{id:"A0",phase:"given",layer:0,kind:"batch",equation:"",tokens:[T("A0"),"→",T("Y")]},...Sa(t,o),...Ta(t,e.l2),...Aa(t,e.l2,o),...Oa(t,e)]}function bs(t,e){for(let n of t){let o=e.get(n);if(typeof o=="number"){if(!Number.isFinite(o))return{name:n,row:0,col:0,value:o}}else if(o){let s=o.data.findIndex(r=>!Number.isFinite(r));if(s>=0)return{name:n,row:Math.floor(s/o.cols),col:s%o.cols,value:o.data[s]}}}return null}function Cn(t){return t^=t>>>16,t=Math.imul(t,569420461),t^=t>>>15,t=Math.imul(t,1935289751),(t^t>>>15)>>>0}function Et(t,...e){let n=e.reduce((o,s)=>Cn(o+s|0),Cn(t|0));return()=>(n=n+2654435769|0,Cn(n)/2**32)}function K(t){return Math.sqrt(-2*Math.log(1-t()))*Math.cos(2*Math.PI*t())}function _s(t,e){let n=Array.from({length:e},(o,s)=>s);for(let o=e-1;o>0;o--){let s=Math.floor(t()*(o+1));[n[o],n[s]]=[n[s],n[o]]}return n}var Ca=2e6,Ea=200,ys=({dropout:t})=>[t].flat().some(e=>e>0),pt=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!1,this.numbers=[],this.trainings=[{from:1,training:e.training}],this.datas=[{from:1,data:e.data}];let n={parameters:e.parameters,slots:{},t:0};this.kept=new Map([[0,n]]),this.pinned=new Set([0]),this.stride=1,this.latest=n,this.costs=[],this.changedFrom=1/0,this.log=[],this.base=null,this.opened=new Map,e.resume&&this.resume(e.resume),this.stopped=null,this.followed=Math.min(e.training.batch_size?e.batches?.length??0:1/0,ys(e.training)?e.masks?.length??0:1/0),this.size=Object.values(e.parameters).reduce((o,{data:s})=>o+s.length,0)}trainingAt(e){return this.trainings.findLast(({from:n})=>n<=e).training}dataAt(e){return this.datas.findLast(({from:n})=>n<=e).data}examples(e=this.latest.t+1){return this.dataAt(e).X.cols}updatesPerEpoch(e=this.latest.t+1){let n=this.trainingAt(e).batch_size;return n?Math.ceil(this.examples(e)/n):1}epochOf(e){return Math.floor((e-1)/this.updatesPerEpoch(e))}batchOf(e){let{lesson:n}=this;if(e<this.changedFrom&&n.batches?.[e-1])return n.batches[e-1];let{batch_size:o,seed:s}=this.trainingAt(e),r=this.examples(e);if(!o||o>=r)return Array.from({length:r},(c,u)=>u);let a=this.epochOf(e);(this.order?.epoch!==a||this.order.seed!==s||this.order.examples.length!==r)&&(this.order={epoch:a,seed:s,examples:_s(Et(s,2,a),r)});let i=(e-1)%this.updatesPerEpoch(e)*o;return this.order.examples.slice(i,i+o)}masksOf(e,n){let{dropout:o,seed:s}=this.trainingAt(e);if(!ys({dropout:o}))return null;if(e<this.changedFrom&&this.lesson.masks?.[e-1])return this.lesson.masks[e-1];let r={};for(let a=1;a<this.network.activations.length;a++){let i=Et(s,3,e,a),c=1-(Array.isArray(o)?o[a-1]:o);c<1&&(r[`A${a}`]=rt(q(this.network.layer_dims[a],n),()=>i()<c?1/c:0))}return r}problem(e,n){let o=this.batchOf(e),{X:s,Y:r}=this.dataAt(e),a=o.length===s.cols&&o.every((i,c)=>i===c);return{network:this.network,training:this.trainingAt(e),...n,t:e,batch:o,X:a?s:Wt(s,o),Y:a?r:Wt(r,o),masks:this.masksOf(e,o.length)}}state(e){for(let n of this.making(e));return this.made}*making(e){if(e===this.latest.t&&(this.made=this.latest),this.made?.t===e)return;let n=e;for(;!this.kept.has(n)&&n!==this.base?.t;)n--;let o=this.kept.get(n)??this.base;for(;o.t<e;)o=Ht(this.problem(o.t+1,o)).after,o.t<e&&(yield);this.made=o}open(e){if(this.opened.has(e))return this.opened.get(e);let n=this.state(e-1),o=this.problem(e,n),{values:s,after:r}=Ht(o),a=n.forgotten&&R[o.training.optimizer].state.length>0,i=gs(this.network,o.training,o.masks).filter(({phase:h})=>!a||h!=="update"),c=e<this.changedFrom&&e<=this.followed&&this.lesson.golden?.find(({step:h})=>h===e),u=c?On(s,c):null,l=i.map(({id:h})=>h),f={k:e,problem:o,values:s,after:r,steps:i,check:u,born:bs(l,s)};return this.opened.size>3&&this.opened.delete(this.opened.keys().next().value),this.opened.set(e,f),f}advance(){let e=this.latest.t+1,{values:n,after:o}=Ht(this.problem(e,this.latest)),s=n.get("J"),r=Object.values(o.parameters).every(({data:a})=>a.every(Number.isFinite));return!Number.isFinite(s)||!r?(this.stopped=this.open(e).born??{name:"J",row:0,col:0,value:s},this.stopped.k=e,!1):(this.costs[e-1]=s,this.latest=o,e%this.stride===0&&this.keep(o),!0)}reach(e,n=1){for(let o of this.going(e));return Math.max(1,Math.min(e,this.latest.t+1))}*going(e){if(e<=this.latest.t)yield*this.making(e-1);else for(;this.latest.t<e-1&&this.advance();)this.latest.t<e-1&&(yield)}arrive(e,n,o,s){this.latest={parameters:n,slots:s??{},t:e,forgotten:!s&&e>0},this.base=this.latest,this.forget(),e&&Number.isFinite(o)&&(this.costs[e-1]=o),e%this.stride===0&&this.keep(this.latest)}startFrom({base:e,kept:n,costs:o}){for(let[s,r]of n)s<e.t&&this.kept.set(s,r);this.costs=o.slice(0,e.t),this.arrive(e.t,e.parameters,NaN),this.kept.set(e.t,this.latest)}beginning(e){let n=this.base?Math.min(e,this.base.t):0;return e-n>Ea?Math.max(n,...[...this.kept.keys()].filter(o=>o<e)):n}keep(e){this.kept.set(e.t,e);let n=1+Object.keys(e.slots).length/Math.max(1,Object.keys(e.parameters).length);if(!(this.kept.size*this.size*n<=Ca||this.kept.size<16)){this.stride*=2;for(let o of this.kept.keys())o%this.stride&&!this.pinned.has(o)&&this.kept.delete(o)}}branch(e){this.latest=this.state(e);for(let n of[...this.kept.keys()])n>e&&this.kept.delete(n);this.kept.set(e,this.latest),this.pinned.add(e),this.costs.length=Math.min(this.costs.length,e),this.trainings=this.trainings.filter(({from:n})=>n<=e+1),this.datas=this.datas.filter(({from:n})=>n<=e+1),this.log=this.log.filter(n=>n.t<=e),this.changedFrom=Math.min(this.changedFrom,e+1),this.forget(),this.order=void 0,this.stopped=null}forget(){this.opened.clear(),this.made=void 0}edit(e,n,o,s,r){this.branch(e),this.log.push({t:e,edit:[n,o,s,r]});let a=Ie(this.latest.parameters[n]);a.data[o*a.cols+s]=r,this.latest={...this.latest,parameters:{...this.latest.parameters,[n]:a}},this.kept.set(e,this.latest),this.forget()}add(e,n,o){this.branch(e),this.log.push({t:e,add:[n,o]}),this.grow(e,n,o)}grow(e,n,o){let s=this.dataAt(e+1),r={...s,X:vn(s.X,n),Y:vn(s.Y,o)};this.datas=[...this.datas.filter(({from:a})=>a<=e),{from:e+1,data:r}]}standing(){return{states:[...[...this.pinned].filter(n=>n>0||this.log.length).map(n=>this.kept.get(n)).filter(({t:n})=>n!==this.latest.t),this.latest],costs:{rows:1,cols:this.costs.length,data:Float64Array.from(this.costs,n=>n??NaN)},log:this.log,trainings:this.trainings,changedFrom:this.changedFrom,base:this.base}}resume({states:e,costs:n,log:o,trainings:s,changedFrom:r,base:a=null}){for(let i of e)this.kept.set(i.t,i),this.pinned.add(i.t);Object.assign(this,{latest:e.at(-1),costs:Array.from(n.data),log:o,trainings:s,changedFrom:r,base:a});for(let{t:i,add:c}of o)c&&this.grow(i,...c)}*replaying(e){for(let{t:n,edit:o,set:s,add:r}of e){if(yield*this.going(n+1),this.latest.t<n)return;o?this.edit(n,...o):r?this.add(n,...r):this.retrain(n,s)}}retrain(e,n){let o=this.trainingAt(e+1);this.branch(e),this.log.push({t:e,set:n});let s={...o,...n};this.trainings=[...this.trainings.filter(({from:r})=>r<=e),{from:e+1,training:s}],n.optimizer&&n.optimizer!==o.optimizer&&(this.latest={...this.latest,slots:{}},this.kept.set(e,this.latest),this.forget())}};var Na={0:"DeepStep",1:"Works offline. Nothing leaves this page.",2:"Skip to the content",3:"Screens","screen.home":"Home","screen.play":"Play","screen.lab":"Step lab",4:"Share",5:"Help and keys",6:"Find a quantity",7:"Close",8:"The page cannot compute {parts}: it shows the updates {numbers} as Python recorded them.",9:"The deep network, with every step open",a:"Train a network here, stop anywhere, and open any number: what made it, from what, and what it does next.",b:"Start with a data set",c:"Bring your own",d:"Numbers as a table",e:"One example a line, the target in the last column. Paste here, or drop a CSV file on this page.",f:`x1,x2,class
0.1,0.7,a
0.9,0.2,b`,g:"Use this table",h:"Open a lesson or CSV file",i:"A page or lesson that was exported from DeepStep, or a table.",j:"Go on with “{title}”","toy.circles":"Circles","toy.xor":"XOR","toy.gaussians":"Two clouds","toy.moons":"Moons","toy.spirals":"Spirals","toy.arms":"Three arms","toy.plane":"Plane","toy.wave":"Wave","kind.binary":"two classes","kind.classes":"{n} classes","kind.numbers":"numbers","error.notALesson":"This file is no DeepStep lesson.","error.newerLesson":"This lesson has version {version}, and this page reads 1: open it with a newer DeepStep.","error.damaged":"{where}: expected {expected}; got {came}. {mend}","error.array":"An array’s shape and its numbers do not agree. {mend}","error.again":"Export the lesson again.","error.copy":"Copy the link again.","error.other":"it was made on another lesson. Open it there.","error.link":"The link cannot be followed: {why}","error.csv.short":"A table needs at least two lines.","error.csv.narrow":"A table needs at least two columns: inputs, then the target.","error.csv.large":"This table is too large for the page; use DeepStep in Python.","error.csv.numbers":"All columns but the last must hold numbers.","error.csv.target":"The target has more than 10 different texts, or only one.","error.server.refused":"The server did not give its lesson: open the address that it printed, in one window.","error.file":"It is damaged, or no lesson: {why}. {mend}",k:"units",l:"units before",m:"inputs",n:"outputs",o:"examples",p:"1",q:"rows",r:"columns","phase.given":"Batch","phase.forward":"Forward","phase.cost":"Cost","phase.backward":"Backward","phase.update":"Update","say.batch":"The batch: {m} examples, each a column of {n} inputs, and the targets Y.","say.linear":"Layer {l}: each of its {n} units weighs the {before} numbers handed to it and adds its bias.","say.activation":"Layer {l}: {g} bends each pre-activation; A{l} is what the layer hands on.","say.dropout":"Layer {l}: dropout puts some activations to 0 and raises the others, so the mean stays.","say.loss":"How wrong each of the {m} answers is, one number an example, computed from the logits.","say.cost":"The cost J is the mean loss of the batch: the one number that training makes smaller.","say.output":"Backward begins: for this output and loss, the derivative by Z{l} is simply output minus target.","say.weights":"Layer {l}: each weight’s share of the error, averaged over the {m} examples.","say.bias":"Layer {l}: each bias’s share of the error, the mean of its row of dZ{l}.","say.back":"The error goes back through W{next} to what layer {l} handed on.","say.activation_back":"Layer {l}: the slope of {g} at each Z{l} lets the error through, or stops it.","say.dropout_back":"Layer {l}: what dropout put to 0 gets no error.","say.decay":"Layer {l}: weight decay shortens the weights a little.","say.slot":"Layer {l}: the optimizer’s memory of {name} takes in the new gradient.","say.recorded":"{name}, as Python computed and recorded it.","say.update":"Layer {l}: {name} moves against its gradient. The next step starts from here.",s:"Update {k}",t:"epoch {e}",u:"Micro-steps of this update",v:"The equation in numbers",w:"Part of the network that is at work: {part}",x:"{rows} × {cols}",y:"rows {from}–{to} of {of}",z:"columns {from}–{to} of {of}",10:"{name}, row {row}, column {col}: {value}",11:"The library’s own source",12:"The source of this step did not come with the page.",13:"{file}, line {line}",14:"Of a matrix that does not fit a window is shown; the strip below it shows the whole. Rows and columns count from 0.",15:"Cell inspector",16:"Choose a number: it opens here.",17:"Given to this step: nothing in it was computed.",18:"As Python recorded it.",19:"A parameter as it stood before this update.","1a":"Column {col} is example {i}: {inputs}; target {target}.","1b":"From {first} to {last} over {n} updates.","1c":"All digits","1d":"Copy","1e":"Copied.","1f":"As code","1g":"Formula","1h":"Numbers put in","1i":"Largest of {n} terms","1j":"{n} more add up to {value}","1k":"Check it numerically","1l":"Numeric derivative","1m":"agrees: the difference is {difference}","1n":"differs by {difference}: there may be a bend here","1o":"Show the micro-step that made it","1p":"Gradient check of this update","1q":"Gradient check","1r":"Each derivative beside a numeric one: the quantity is moved where it stands, and the cost is taken again.","1s":"Quantity","1t":"Checked","1u":"Largest relative difference","1v":"Verdict","1w":"✓ agrees","1x":"✗ differs","1y":"All {n} derivatives agree with their numeric twins.","1z":"{n} of the derivatives differ: look where a bend of the activation is near.",20:"Checking…",21:"recomputed = recorded, max diff {difference} ✓",22:"recomputed ≠ recorded: {name} differs by {difference}",23:"This page recomputed {n} quantities that Python recorded, and compared every number.",24:"Stopped: {name} is not finite",25:"At update {k}, row {row}, column {col} of {name} became {value}. The state before it is kept.",26:"Take me there",27:"The training in Python stopped.",28:"Begin again",29:"Data","2a":"Network","2b":"Training","2c":"Data set","2d":"{n} examples · inputs: {x}","2e":"Paint points","2f":"Click in the map to add a point of this class.","2g":"Add a point","2h":"Class","2i":"Hidden layers","2j":"Add a hidden layer","2k":"Take a hidden layer away","2l":"One unit more in layer {l}","2m":"One unit less in layer {l}","2n":"Inputs","2o":"Layer {l}","2p":"Output","2q":"Activation of layer {l}","2r":"Optimizer","2s":"Learning rate","2t":"L2 strength λ","2u":"Batch size","2v":"all","2w":"Dropout","2x":"New weights","2y":"Undo","2z":"Unit {j} of layer {l}",30:"Unit {j} of layer {l}, bias {b}",31:"Bias",32:"from {from}",33:"{from}–{to} of {n}",34:"Units before these, layer {l}",35:"Units after these, layer {l}",36:"{n} more weights; open W{l} in the Step lab.",37:"Open layer {l} in the Step lab",38:"Decision map",39:"Axes: {x} and {y}; other inputs at their means.","3a":"The network’s answer over {x} and {y}.","3b":"Cost J","3c":"J began at {first} and was {last} before update {n}; lowest {low}.","3d":"No update done yet. Press play, or step.","3e":"As a table","3f":"{n} of {m} right","3g":"mean squared error {value}","3h":"Blue, solid: positive. Orange, dashed: negative. Thick: large.","3i":"The run as it was recorded","3j":"solid: training, dashed: validation","3k":"Transport","3l":"Back to the start","3m":"Play","3n":"Pause","3o":"Micro-step back","3p":"Micro-step","3q":"Next layer","3r":"Update back","3s":"Update","3t":"Epoch","3u":"Play by","bar.unit.micro":"micro-step","bar.unit.update":"update","bar.unit.epoch":"epoch","3v":"Speed","3w":"Micro-step of this update","3x":"Updates done","3y":"{n} updates done","3z":"J = {value}",40:"Layers now",41:"Layer",42:"dW",43:"ΔW / W",44:"Units",45:"{n} dead",46:"{share} % saturated",47:"Share this state",48:"As one HTML file",49:"Opens anywhere without an install, trains in the page; about {size}.","4a":"Save the page","4b":"Saved {name}, {size}.","4c":"Save the lesson (JSON)","4d":"Python that makes this state again","4e":"Copy the code","4f":"Copy a link to this place","4g":"Copied.","4h":"No link can carry this data: save the page.","4i":"A link carries the place and not your {n} changes: save the page to keep them.","4j":"Find a quantity","4k":"Name, such as dW2","4l":"No quantity of that name in this update.","4m":"Keys","4n":"Play or pause","4o":"Micro-step back, forward","4p":"Layer back, forward","4q":"Update back, forward","4r":"Find a quantity","4s":"This list","4t":"In a matrix: arrows, Home, End, Page keys move from number to number; Enter goes to the micro-step that made it.","4u":"Single keys work as shortcuts","4v":"Rows and columns count from 0, as in Python. Columns of X, Z and A are examples.","4w":"Connected to Python","4x":"The connection to Python ended; the page goes on by itself."},ws=Na;function d(t,e={}){return(ws[t]??t).replace(/\{(\w+)\}/g,(o,s)=>s in e?String(e[s]):o)}var vs=t=>t in ws;function Le(t,e){if(e.kind==="recorded")return d("say.recorded",{name:e.id});let{layer_dims:n,activations:o}=t.network,{layer:s,kind:r,id:a}=e;return d(`say.${r}`,{l:s,next:s+1,n:n[s],before:n[s-1],g:o[s-1],m:t.batchOf(1).length,name:a.replace("′","").replace(/^._/u,"")})}var Pa=1e5,Ia={micro:[2400,1400,800,350,100],other:[500,150,40,0,0]},xs=12,qa=300,D=()=>$.session.open($.k),Fe=()=>D().steps[$.micro];function yt(t){$.playing&&le(!1),t==="lab"?$.unit="micro":$.unit==="micro"&&($.unit="update"),x({screen:t})}function ie(){$.server?.on&&$.server.leave()}function Nt(t,e){ie();let n=Ut(t).length?new je(t):new pt(t);n.isRecorded&&(e="lab"),x({session:n,k:1,micro:1,playing:!1,job:null,born:null,ended:"",error:"",check:null,paint:null}),$.firstUnit={},$.unitOpen=[n.network.activations.length,0],yt(e),Pt(),n.isRecorded||ja(n)}function ja(t){let{lesson:e}=t,n=[...e.golden??[]],o={difference:0,worst:"",compared:0},s=()=>{let r=n.shift();if(!r||t!==$.session)return;let a=hs(e,r);o.compared+=a.compared,a.difference>=o.difference&&Object.assign(o,{difference:a.difference,worst:a.worst}),x({check:{...o}}),setTimeout(s,30)};setTimeout(s,0)}function Pt(t=!0){let{steps:e,values:n}=D();$.micro=Math.max(0,Math.min($.micro,e.length-1));let{id:o}=e[$.micro],s=n.get(o),[r,a]=typeof s=="number"?[1,1]:[s.rows,s.cols];$.cursor={name:o,row:Math.min($.cursor?.row??0,r-1),col:Math.min($.cursor?.col??0,a-1)},$.focusCursor=!1,t&&!($.playing&&($.speed>2||$.unit!=="micro"))&&($.live=Le($.session,e[$.micro])),_t()}function ce(t,e,n=!1,o=void 0){let s=$.job={k:o},r=performance.now(),a=()=>{if($.job!==s)return;let i=performance.now()+xs;do if(t.next().done)return $.job=null,e();while(performance.now()<i);n&&i-r>qa&&($.k=$.session.latest.t+1,Pt(!1),r=i),setTimeout(a)};a(),_t()}function F(t,e=$.micro,n=void 0){let{session:o,server:s}=$;if(s?.on&&t-1>o.latest.t){s.send({do:"step",steps:t-1-o.latest.t});return}let r=$.k,a=()=>{$.k=o.reach(t,r),o.stopped&&$.k<t&&x({playing:!1,born:o.stopped}),$.micro=$.k===t||o.isRecorded?e:$.micro,Pt(),n?.()};$.job=null,o.isRecorded?a():ce(o.going(t),a,t>o.latest.t,t)}function It(t){$.micro=t,Pt()}function qt(t){let e=$.micro+t;e<0?$.k>1&&F($.k-1,1/0):e>=D().steps.length?F($.k+1,0):It(e)}function De(t){let{steps:e}=D(),n=({phase:r,layer:a})=>`${r} ${a}`,o=n(e[$.micro]),s=$.micro;for(;s>=0&&s<e.length&&n(e[s])===o;)s+=t;if(s<0||s>=e.length)return qt(s<0?-($.micro+1):e.length-$.micro);if(t<0)for(;s>0&&n(e[s-1])===n(e[s]);)s-=1;It(s)}var Re=()=>$.job?.k??$.k,Bt=t=>F(Re()+t);function En(){let t=$.session.updatesPerEpoch(Re());F(Re()+t-(Re()-1)%t)}function le(t=!$.playing){if($.job)return x({job:null,playing:!1}),F($.session.latest.t+1);if(!($.playing===t||!$.session)){if(x({playing:t,born:t?null:$.born}),$.server?.on&&$.unit!=="micro")return $.server.send(t?{do:"train",steps:Pa}:{do:"stop"});t?requestAnimationFrame(Ms):Pt()}}var ks=0;function Ms(t){if(!$.playing||(requestAnimationFrame(Ms),$.job||t-ks<Ia[$.unit==="micro"?"micro":"other"][$.speed]))return;if(ks=t,$.unit==="micro")return qt(1);if($.unit==="epoch")return En();let e=performance.now()+xs,n=$.speed<4?1:1/0;for(let o=0;o<n&&performance.now()<e&&$.playing&&!$.job;o++)if($.session.latest.t>=$.k)F($.k+1);else if(!La())break;Pt(!1)}function La(){let{session:t}=$;return t.latest.t<$.k&&!t.advance()?(x({playing:!1,born:t.stopped}),!1):($.k=t.latest.t+1,!0)}function Yt(t,e=!1){x({cursor:t,focusCursor:e})}function mt({name:t,row:e,col:n}){let o=D().steps.findIndex(({id:s})=>s===t);o<0||($.micro=o,$.cursor={name:t,row:e,col:n},Pt(),$.screen!=="lab"&&yt("lab"),x({dialog:null}))}function Ss(){let{k:t,name:e,row:n,col:o}=$.born;$.k=t,x({born:null}),mt({name:e,row:n,col:o})}var ot=()=>globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches??!1,Ts=[0,114,178],As=[213,94,0],Ra=[86,180,233],Fa=[240,140,60];function Os(t,e){if(!Number.isFinite(t))return"var(--c)";let n=e>0?Math.min(1,Math.abs(t)/e):0,[o,s,r]=t<0?As:Ts;return`rgba(${o}, ${s}, ${r}, ${(.34*n).toFixed(3)})`}function ht(t,e=ot()){let[n,o,s]=e?[Ra,Fa,[38,43,51]]:[Ts,As,[246,247,249]],r=t<0?o:n,a=Math.min(1,Math.abs(t));return s.map((i,c)=>Math.round(i+(r[c]-i)*a))}var Xt=[[213,94,0],[0,114,178],[0,158,115],[204,121,167],[230,159,0],[86,180,233],[120,94,40],[90,90,90],[150,60,20],[20,60,140]],Nn=new WeakMap;function zt(t){if(!Nn.has(t)){let e=0;for(let n of t.data)Math.abs(n)>e&&Number.isFinite(n)&&(e=Math.abs(n));Nn.set(t,e)}return Nn.get(t)}function Pn(t,[e,n]=[0,1]){let o=r=>r<t.X.rows?t.X.data.subarray(r*t.X.cols,(r+1)*t.X.cols):t.Y.data.subarray(0,t.X.cols),s=r=>{let[a,i]=[1/0,-1/0];for(let u of r)[a,i]=[Math.min(a,u),Math.max(i,u)];let c=(i-a||1)*.1;return[a-c,i+c]};return{x:s(o(e)),y:s(o(n)),xs:o(e),ys:o(n)}}function Jt({Y:t},e){if(t.rows===1)return t.data[e]>.5?1:0;let n=0;for(let o=1;o<t.rows;o++)t.data[o*t.cols+e]>t.data[n*t.cols+e]&&(n=o);return n}var Cs=[(t,e,n,o)=>t.arc(e,n,o,0,2*Math.PI),(t,e,n,o)=>t.rect(e-o*.9,n-o*.9,1.8*o,1.8*o),(t,e,n,o)=>(t.moveTo(e,n-1.2*o),t.lineTo(e+1.1*o,n+o),t.lineTo(e-1.1*o,n+o),t.closePath()),(t,e,n,o)=>(t.moveTo(e,n-1.3*o),t.lineTo(e+1.3*o,n),t.lineTo(e,n+1.3*o),t.lineTo(e-1.3*o,n),t.closePath())];function In(t,e,n,o,s){let r=ot(),a=e.kind==="numbers",i=1;if(a)for(let u of e.Y.data)i=Math.max(i,Math.abs(u));let c=Math.ceil(e.X.cols/1500);for(let u=0;u<e.X.cols;u+=c){let l=(n.xs[u]-n.x[0])/(n.x[1]-n.x[0])*o,f=o-(n.ys[u]-n.y[0])/(n.y[1]-n.y[0])*o,h=a?0:Jt(e,u),[p,g,y]=a?ht(e.Y.data[u]/i,r):Xt[h%Xt.length];t.beginPath(),Cs[h%Cs.length](t,l,f,s),t.fillStyle=`rgb(${p},${g},${y})`,t.fill(),t.lineWidth=Math.max(.8,s/3),t.strokeStyle=r?"rgba(255,255,255,.75)":"rgba(255,255,255,.9)",t.stroke()}}function Es({data:t,size:e}){let n=Y(null);return J(()=>{let o=n.current.getContext("2d");o.clearRect(0,0,2*e,2*e),In(o,t,Pn(t),2*e,4.5)},[t,ot()]),m`<canvas class="scatter" ref=${n} width=${2*e} height=${2*e} aria-hidden="true"></canvas>`}var Da=new Set(["relu","leaky_relu","elu","gelu","gelu_tanh","silu","mish","softplus"]);function Ns({layer_dims:t,activations:e},n){let o={};for(let s=1;s<t.length;s++){let r=Et(n,1,s),a=Math.sqrt((Da.has(e[s-1])?2:1)/t[s-1]);o[`W${s}`]=rt(q(t[s],t[s-1]),()=>a*K(r)),o[`b${s}`]=q(t[s],1)}return o}var Ln="deepstep-lesson",Wa=t=>t&&typeof t=="object"&&typeof t.f8=="string";function Ha({shape:t,f8:e}){let n=Uint8Array.from(atob(e),i=>i.charCodeAt(0)),o=new DataView(n.buffer);if(8*t.reduce((i,c)=>i*c,1)!==n.length)throw new Error("array");let s=new Float64Array(n.length/8);for(let i=0;i<s.length;i++)s[i]=o.getFloat64(8*i,!0);let[r,a]=t.length===2?t:t.length===1?[1,t[0]]:[1,1];return{rows:r,cols:a,data:s}}function Rn({rows:t,cols:e,data:n}){let o=new Uint8Array(8*n.length),s=new DataView(o.buffer);n.forEach((a,i)=>s.setFloat64(8*i,a,!0));let r="";for(let a=0;a<o.length;a+=8192)r+=String.fromCharCode(...o.subarray(a,a+8192));return{shape:[t,e],f8:btoa(r)}}var Ps={nan:NaN,inf:1/0,"-inf":-1/0},Ua=new Set(["title","sources","formulas","code","origin","names","classes","name","kind","place","toy","log"]);function qn(t){if(Wa(t))return Ha(t);if(Array.isArray(t))return t.map(qn);if(t&&typeof t=="object"){let e=Object.entries(t);return Object.fromEntries(e.map(([n,o])=>[n,Ua.has(n)?o:qn(o)]))}return typeof t=="string"&&t in Ps?Ps[t]:t}function ue(t){if(t?.format!==Ln)throw new Error("notALesson");if(t.version!==1)throw Object.assign(new Error("newerLesson"),{parts:{version:t.version}});return qn(t)}function jn(t){return t?.data instanceof Float64Array?Rn(t):typeof t=="number"&&!Number.isFinite(t)?Number.isNaN(t)?"nan":t>0?"inf":"-inf":Array.isArray(t)?t.map(jn):t&&typeof t=="object"?Object.fromEntries(Object.entries(t).filter(([,e])=>e!==void 0).map(([e,n])=>[e,jn(n)])):t}var pe=t=>JSON.stringify(jn(t)).replaceAll("<","\\u003c");var Zt={sources:{},formulas:{}};function Is({sources:t,formulas:e}){Object.assign(Zt,{sources:t,formulas:e})}var Ba={binary:"sigmoid",classes:"softmax",numbers:"identity"},Fn={optimizer:"gd",hyperparameters:{},learning_rate:.3,l2:0,weight_decay:0,batch_size:null,dropout:0,seed:1},de={gd:.3,momentum:.3,nesterov:.1,rmsprop:.01,adam:.03,adamw:.03,lion:.01};function fe(t,{hidden:e=[8,8],activations:n=["tanh","tanh"],training:o={}}={}){let s=Ba[t.kind],r={layer_dims:[t.X.rows,...e,t.Y.rows],activations:[...n,it[s].activation],output:s},a={...Fn,...o};return a.hyperparameters={...R[a.optimizer].defaults,...a.hyperparameters},{format:Ln,version:1,title:t.name,network:r,training:a,parameters:Ns(r,a.seed),data:t,batches:[],masks:null,golden:[],recorded:[],...Zt,code:"",origin:"page",wide:!1}}var Dn=200;function Gt(t,e){let n=V([t.map(([o])=>o),t.map(([,o])=>o)]);return e.length===2?{X:n,Y:V([t.map(([,,o])=>o)]),names:["x1","x2"],classes:e,kind:"binary"}:{X:n,Y:V(e.map((o,s)=>t.map(([,,r])=>+(r===s)))),names:["x1","x2"],classes:e,kind:"classes"}}var wt=t=>Array.from({length:Dn},(e,n)=>t(n)),me=["orange","blue"],qs={circles:t=>Gt(wt(e=>{let[n,o]=[(e%2?1:.45)+.09*K(t),2*Math.PI*t()];return[n*Math.cos(o),n*Math.sin(o),e%2]}),me),xor:t=>Gt(wt(()=>{let e=()=>(t()<.5?-1:1)*(.12+.9*t()),[n,o]=[e(),e()];return[n,o,n*o>0?1:0]}),me),gaussians:t=>Gt(wt(e=>[(e%2?.55:-.55)+.3*K(t),(e%2?.5:-.5)+.3*K(t),e%2]),me),moons:t=>Gt(wt(e=>{let n=Math.PI*t(),[o,s]=e%2?[1-Math.cos(n),.45-Math.sin(n)]:[Math.cos(n),Math.sin(n)];return[(o-.5)/1.3+.07*K(t),(s-.22)/1+.07*K(t),e%2]}),me),spirals:t=>Gt(wt(e=>{let n=Math.floor(e/2)/(Dn/2),o=1.75*2*Math.PI*n+e%2*Math.PI,s=.08+n;return[s*Math.sin(o)+.025*K(t),s*Math.cos(o)+.025*K(t),e%2]}),me),arms:t=>Gt(wt(e=>{let n=Math.sqrt(t()),o=2*Math.PI/3*(e%3)+3.2*n+.14*K(t);return[n*Math.cos(o),n*Math.sin(o),e%3]}),["orange","blue","green"]),plane:t=>{let e=wt(()=>[2*t()-1,2*t()-1]),n=V([e.map(([o,s])=>(o+s)/2+.03*K(t))]);return{X:V([e.map(([o])=>o),e.map(([,o])=>o)]),Y:n,names:["x1","x2"],classes:null,kind:"numbers"}},wave:t=>{let e=wt(n=>-1+2*n/(Dn-1));return{X:V([e]),Y:V([e.map(n=>Math.sin(4*n)/1.5+.06*K(t))]),names:["x"],classes:null,kind:"numbers"}}},vt=Object.keys(qs),he=(t,e=1)=>({...qs[t](Et(e,4,vt.indexOf(t))),name:t});var Ya=t=>t?.data?`${t.rows} × ${t.cols}`:String(JSON.stringify(t)).slice(0,30);function C(t,e,n,o){if(!t)throw Object.assign(new Error("damaged"),{parts:{where:e,expected:n,came:Ya(o)}})}var X=Array.isArray,$t=(t,e=1)=>Number.isSafeInteger(t)&&t>=e,js=t=>Number.isFinite(t)&&t>=0;function jt(t,e,n,o){C(t?.data&&t.rows===e&&t.cols===n,o,`${e} × ${n} numbers`,t);let s=t.data.findIndex(r=>!Number.isFinite(r));C(s<0,`${o}[${Math.floor(s/n)}, ${s%n}]`,"a finite number",String(t.data[s]))}function We(t,e,n){for(let o=1;o<e.length;o++)jt(t?.[`W${o}`],e[o],e[o-1],`${n}.W${o}`),jt(t[`b${o}`],e[o],1,`${n}.b${o}`)}function Wn(t,e,n="training"){let{learning_rate:o,l2:s=0,weight_decay:r=0,batch_size:a=null,dropout:i=0,seed:c=0}=t??{};for(let[f,h]of Object.entries({learning_rate:o,l2:s,weight_decay:r}))C(js(h),`${n}.${f}`,"a number from 0",h);C(a===null||$t(a),`${n}.batch_size`,"a whole number or null",a);let u=[i].flat(),l=!X(i)||u.length===e;C(l&&u.every(f=>js(f)&&f<1),`${n}.dropout`,"shares below 1",i),C(Number.isSafeInteger(c),`${n}.seed`,"a whole number",c)}function Hn(t,{network:e,training:n,parameters:o,data:s}){let r=0;C(X(t),"log","a list",t),t.forEach(({t:a,edit:i,add:c,set:u},l)=>{let f=`log[${l}]`;if(C($t(a,r),`${f}.t`,`a whole number from ${r}`,a),r=a,i){let[h,p,g,y]=X(i)?i:[],_=o[h],b=_&&$t(p,0)&&$t(g,0)&&p<_.rows&&g<_.cols;C(b&&Number.isFinite(y),f,"a parameter’s place and a number",i)}else if(c){let h=[s.X.rows,s.Y.rows].every((p,g)=>c[g]?.length===p&&c[g].every(Number.isFinite));C(h,f,`${s.X.rows} inputs and ${s.Y.rows} targets`,c)}else Wn({...n,...u},e.layer_dims.length-2,f),C(u&&(!u.optimizer||R[u.optimizer]),f,"settings",u)})}function Un(t){C(vt.includes(t?.data),"n.data",vt.join(", "),t?.data);let{hidden:e=[],activations:n=[],training:o}=t;C(X(e)&&e.length<9&&e.every(a=>$t(a)&&a<65),"n.hidden","layers",e);let s=X(n)&&n.every(a=>nt[a]?.one);C(s&&n.length===e.length,"n.activations","one for each layer",n);let r={...Fn,...o};return Wn(r,e.length,"n.training"),C(R[r.optimizer],"n.training.optimizer",Object.keys(R).join(", "),r.optimizer),t}function Bn(t){let{title:e,notes:n=[],network:o,training:s,parameters:r,data:a,batches:i,masks:c,golden:u,recorded:l,history:f,resume:h}=t;C(typeof e=="string","title","a text",e),C(X(n),"notes","a list",n);let p=o?.layer_dims;C(X(p)&&p.length>1&&p.every(b=>$t(b)),"network.layer_dims","sizes",p);let g=X(o.activations)&&o.activations.length===p.length-1;C(g,"network.activations",`${p.length-1} names`,o.activations),Wn(s,p.length-2),We(r,p,"parameters");let y=a?.X?.cols;jt(a?.X,p[0],y,"data.X"),jt(a.Y,p.at(-1),y,"data.Y"),C(y>0,"data.X","examples",a.X);for(let b of["names","classes"])C(X(a[b]??[]),`data.${b}`,"a list or null",a[b]);C(["binary","classes","numbers"].includes(a.kind),"data.kind","binary, classes or numbers",a.kind);let _=b=>X(b)&&b.length>0&&b.every(w=>$t(w,0)&&w<y);C(X(i??[])&&(i??[]).every(_),"batches",`lists of numbers below ${y}`,i),(c??[]).forEach((b,w)=>{for(let[A,k]of Object.entries(b))jt(k,p[A.slice(1)],i[w]?.length,`masks[${w}].${A}`)});for(let[b,w]of Object.entries({golden:u??[],recorded:l??[]}))C(X(w),b,"a list",w),w.forEach((A,k)=>{C($t(A?.step,0),`${b}[${k}].step`,"a whole number",A?.step),We(A.parameters,p,`${b}[${k}].parameters`)});if((u??[]).forEach(({quantities:b,after:w},A)=>{let k=`golden[${A}]`;We(w,p,`${k}.after`);for(let M=0;M<p.length;M++)jt(b?.[`A${M}`],p[M],b?.A0?.cols,`${k}.quantities.A${M}`);jt(b.Y,p.at(-1),b.A0.cols,`${k}.quantities.Y`)}),Ut(t).length&&(C(u?.length,"golden","recorded steps",u),C(X(t.entries)&&t.entries.every(b=>b?.formula?.split),"entries","formulas",t.entries)),f){C(X(f.at)&&typeof(f.text??"")=="string","history","epochs and a text",f.at);for(let b of Object.values(f).filter(X))C(b.length===f.at.length,"history",`${f.at.length} numbers in each curve`,b.length)}if(t.toy&&Un(t.toy),h){let{states:b,costs:w,log:A,trainings:k}=h;C(X(b)&&b.length&&w?.data&&X(k),"resume","states",b);for(let{t:M,parameters:P}of b)C($t(M,0),"resume.states.t","a whole number",M),We(P,p,"resume.states");Hn(A,t)}return t}var Xa=2e6,Ls=10;function za(t,e){let n=[],o=new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${e}]*))(?:${e}|$)`,"y");for(;o.lastIndex<=t.length;){let[s,r,a]=o.exec(t)??[];if(s===void 0||(n.push(r?.replaceAll('""','"')??a.trim()),!s.endsWith(e)||o.lastIndex>t.length))break}return n}var $e=t=>t!==""&&Number.isFinite(Number(t));function He(t,e="table"){let n=t.split(/\r?\n/).filter(l=>l.trim());if(n.length<2)throw new Error("csv.short");let o=["	",";",","].find(l=>n[0].includes(l))??",",s=n.map(l=>za(l,o)),r=s[0].length;if(r<2)throw new Error("csv.narrow");if(s.length*r>Xa)throw new Error("csv.large");let i=s[0].slice(0,-1).some(l=>!$e(l))?s.shift():Array.from({length:r},(l,f)=>`x${f+1}`),c=s.filter(l=>l.length===r&&l.slice(0,-1).every($e)&&l[r-1]!=="");if(c.length<2)throw new Error("csv.numbers");return{X:V(Array.from({length:r-1},(l,f)=>Rs(c.map(h=>Number(h[f]))))),...Ja(c.map(l=>l[r-1])),names:i.slice(0,-1),name:e,left_out:s.length-c.length}}function Rs(t){let e=t.reduce((o,s)=>o+s,0)/t.length,n=Math.sqrt(t.reduce((o,s)=>o+(s-e)**2,0)/t.length)||1;return t.map(o=>(o-e)/n)}function Ja(t){let e=[...new Set(t)].sort((o,s)=>$e(o)&&$e(s)?o-s:o<s?-1:1),n=t.every(o=>Number.isInteger(Number(o)));if(e.length===2)return{Y:V([t.map(o=>e.indexOf(o))]),classes:e,kind:"binary"};if(t.every($e)&&!(n&&e.length<=Ls))return{Y:V([Rs(t.map(Number))]),classes:null,kind:"numbers"};if(e.length>Ls||e.length<2)throw new Error("csv.target");return{Y:V(e.map(o=>t.map(s=>+(s===o)))),classes:e,kind:"classes"}}function kt(t,e="play"){let n=fe(he(t.data),Ds(t,he(t.data)));Nt({...n,title:d(`toy.${t.data}`),toy:t},e)}function Yn(t,e={},n="play"){Nt(fe(t,Ds(e,t)),n)}var Za=2e4;function Ds({hidden:t,activations:e,training:n},o){let s=o.X.rows>64?[16,8]:[8,8],r=o.kind==="numbers"?.03:de[n?.optimizer??"gd"];return{hidden:t??s,activations:e??(t??s).map(()=>"tanh"),training:{learning_rate:r,batch_size:o.X.data.length>Za?64:null,...n}}}function Fs(t){Nt(Bn(ue(t)),"lab")}function Ue(t){let e=Bn(ue(t));Is(e),$.carried=e,Nt(e,"lab")}var Ga=/<script type="application\/json" id="deepstep-lesson">([\s\S]*?)<\/script>/;function Be({message:t,parts:e},n=d("error.again")){let o=`error.${t}`;return vs(o)?d(o,{...e,mend:n}):d("error.file",{why:t,mend:n})}async function Xn(t,e){try{let n=Ga.exec(e);if(n)return Fs(JSON.parse(n[1]));if(/^\s*\{/.test(e))return Fs(JSON.parse(e));Yn(He(e,t.replace(/\.\w+$/,"")))}catch(n){x({error:Be(n)})}}function Ws(){document.addEventListener("dragover",t=>t.preventDefault()),document.addEventListener("drop",async t=>{t.preventDefault();let[e]=t.dataTransfer?.files??[];e&&await Xn(e.name,await e.text())})}var Va=vt.map(t=>he(t)),zn=({kind:t,classes:e})=>d(`kind.${t}`,{n:e?.length});function Ka({data:t}){return m`<li>
<button class="tile" data-toy=${t.name} onClick=${()=>kt({data:t.name})}>
<${Es} data=${t} size=${132} />
<span class="tile-name">${d(`toy.${t.name}`)}</span>
<span class="tile-kind">${zn(t)}</span>
</button>
</li>`}function Qa(){let t=Y(null),[e,n]=H(""),o=()=>{try{Yn(He(t.current.value))}catch(s){n(d(`error.${s.message}`))}};return m`<section class="card" aria-labelledby="csv-title">
<h3 id="csv-title"><label for="csv">${d("d")}</label></h3>
<p class="quiet" id="csv-hint">${d("e")}</p>
<textarea
id="csv"
ref=${t}
rows="5"
spellcheck="false"
aria-describedby="csv-hint csv-error"
placeholder=${d("f")}
></textarea>
<p class="error" id="csv-error" role="alert">${e}</p>
<button class="button" onClick=${o}>${d("g")}</button>
</section>`}function ti(){let t=async e=>{let[n]=e.target.files;n&&await Xn(n.name,await n.text()),e.target.value=""};return m`<section class="card" aria-labelledby="file-title">
<h3 id="file-title"><label for="file">${d("h")}</label></h3>
<p class="quiet" id="file-hint">${d("i")}</p>
<input type="file" id="file" accept=".html,.json,.csv,.txt,.tsv" aria-describedby="file-hint" onChange=${t} />
</section>`}function Jn(){let{session:t}=S();return m`<div class="home">
<div class="hero">
<h1>${d("9")}</h1>
<p class="lead">${d("a")}</p>
<p class="quiet">${d("1")}</p>
${t?m`<p><button
class="button"
onClick=${()=>yt(t.isRecorded?"lab":"play")}
>${d("j",{title:t.lesson.title})}</button></p>`:null}
</div>
<h2>${d("b")}</h2>
<ul class="tiles">${Va.map(e=>m`<${Ka} data=${e} key=${e.name} />`)}</ul>
<h2>${d("c")}</h2>
<div class="home-open"><${Qa} /><${ti} /></div>
</div>`}function Hs(t,e,n,o){Number.isFinite(o)&&(ie(),$.session.edit($.k-1,t,e,n,o),x({born:null,check:null}),F($.k))}function Vt(t){Object.keys(t).some(e=>e!=="learning_rate")&&ie(),$.server?.on&&$.server.send({do:"set",learning_rate:t.learning_rate}),$.session.retrain($.k-1,t),x({born:null}),F($.k)}function Us(){let{session:t,k:e}=$,n=t.log.slice(0,-1),o=new pt({...t.lesson,resume:void 0});t.base&&o.startFrom(t),ce(o.replaying(n.filter(({t:s})=>s>=(t.base?.t??0))),()=>{x({session:o,born:null}),F(Math.min(e,t.latest.t+1))})}function ei(){let{session:t}=$,{layer_dims:e,activations:n}=t.network;return{hidden:e.slice(1,-1),activations:n.slice(0,-1),training:{...t.trainingAt($.k),hyperparameters:{...t.trainingAt($.k).hyperparameters}}}}function Lt(t={},e=void 0){let{lesson:n}=$.session,o={...ei(),...t};if(e!==void 0&&(o.training.seed=e),n.toy&&$.session.datas.length<2)return kt({data:n.toy.data,...o},$.screen);Nt({...fe($.session.dataAt($.k),o),title:n.title},$.screen)}function Ye(t,e){ie(),$.session.add($.k-1,t,e),x({born:null,check:null}),F($.k)}var Zn=(t,e)=>t.kind==="classes"?Array.from({length:t.Y.rows},(n,o)=>+(o===e)):[Number(e)];function ni({data:t}){let{paint:e}=S(),[n,o]=H(()=>Array(t.X.rows).fill(0)),[s,r]=H(0),a=t.names??[],i=()=>Array.from({length:Math.max(2,t.Y.rows)},(l,f)=>String(f)),c=t.kind==="numbers"?null:t.classes??i(),u=l=>{l.preventDefault(),Ye(n,Zn(t,s))};return m`<details class="paint" open=${e!==null}>
<summary>${d("2e")}</summary>
<form onSubmit=${u}>
<p class="quiet">${d("2f")}</p>
<div class="fields">
${n.map((l,f)=>m`<label class="field is-number" key=${f}><span>${a[f]??`x${f+1}`}</span><input
type="number"
step="any"
required
value=${l}
onChange=${h=>o(n.map((p,g)=>g===f?h.target.valueAsNumber||0:p))}
/></label>`)}
${c?m`<label class="field"><span>${d("2h")}</span><select
value=${s}
onChange=${l=>(r(Number(l.target.value)),x({paint:Number(l.target.value)}))}
>${c.map((l,f)=>m`<option value=${f}>${l}</option>`)}</select></label>`:m`<label class="field is-number"><span>Y</span><input
type="number"
step="any"
value=${s}
onChange=${l=>r(l.target.valueAsNumber||0)}
/></label>`}
</div>
<div class="row">
<button type="submit" class="button is-quiet">${d("2g")}</button>
${c&&t.X.rows===2?m`<label class="choice"><input
type="checkbox"
checked=${e!==null}
onChange=${l=>x({paint:l.target.checked?s:null})}
/> ${d("2e")}</label>`:null}
</div>
</form>
</details>`}function Bs(){let{session:t,k:e}=S(),{lesson:n}=t,o=t.dataAt(e),s=n.toy?.data??"",r=a=>a.target.value&&kt({data:a.target.value});return m`<section class="card" aria-labelledby="data-title">
<h2 id="data-title">${d("29")}</h2>
<label class="field"><span>${d("2c")}</span>
<select value=${s} onChange=${r}>
${s?null:m`<option value="">${o.name??n.title}</option>`}
${vt.map(a=>m`<option value=${a}>${d(`toy.${a}`)}</option>`)}
</select>
</label>
<p class="quiet">${d("2d",{n:o.X.cols,x:o.X.rows})} · ${zn(o)}</p>
${o.X.rows<=4&&(o.Y.rows===1||o.kind==="classes")?m`<${ni} data=${o} key=${`${o.X.rows}${o.kind}`} />`:null}
</section>`}var oi=[1e-4,3e-4,.001,.003,.01,.03,.1,.3,1,3,10],si=[0,.001,.01,.1,.3,1,3,10],ri=[null,1,8,16,32,64,128],ai=[0,.1,.2,.3,.5];function ge({label:t,value:e,choices:n,show:o=String,onPick:s,name:r}){let a=n.includes(e)?n:[...n,e].sort((i,c)=>i-c);return m`<label class="field"><span>${t}</span>
<select data-setting=${r} value=${String(e)} onChange=${i=>s(a[i.target.selectedIndex])}>
${a.map(i=>m`<option value=${String(i)}>${o(i)}</option>`)}
</select>
</label>`}function Ys(){let{session:t,k:e}=S(),n=t.trainingAt(e),o=s=>Vt({optimizer:s,hyperparameters:{...R[s].defaults},weight_decay:R[s].weight_decay??0,learning_rate:t.lesson.data.kind==="numbers"?de[s]/10:de[s]});return m`<section class="card" aria-labelledby="training-title">
<h2 id="training-title">${d("2b")}</h2>
<div class="fields">
<${ge}
name="optimizer"
label=${d("2r")}
value=${n.optimizer}
choices=${Object.keys(R)}
onPick=${o}
/>
<${ge}
name="learning_rate"
label=${d("2s")}
value=${n.learning_rate}
choices=${oi}
onPick=${s=>Vt({learning_rate:s})}
/>
<${ge}
name="l2"
label=${d("2t")}
value=${n.l2}
choices=${si}
onPick=${s=>Vt({l2:s})}
/>
<${ge}
name="batch_size"
label=${d("2u")}
value=${n.batch_size}
choices=${ri}
show=${s=>s===null?d("2v"):String(s)}
onPick=${s=>Vt({batch_size:s})}
/>
<${ge}
name="dropout"
label=${d("2w")}
value=${n.dropout}
choices=${ai}
onPick=${s=>Vt({dropout:s})}
/>
</div>
<div class="row">
<button
class="button is-quiet"
data-action="restart"
onClick=${()=>Lt({},(n.seed??0)+1)}
>
${d("2x")}
</button>
${t.log.length?m`<button class="button is-quiet" data-action="undo" onClick=${Us}>${d("2y")}</button>`:null}
</div>
</section>`}var z=44,ii=6e4,Gn=new WeakMap;function ci({X:t}){if(!Gn.has(t)){let e=new Float64Array(t.rows);for(let n=0;n<t.rows;n++)for(let o=0;o<t.cols;o++)e[n]+=t.data[n*t.cols+o]/t.cols;Gn.set(t,e)}return Gn.get(t)}var Vn=new WeakMap;function li(t){if(!Vn.has(t)){let e=Pn(t),n=t.X.rows,o=q(n,n===1?z:z*z),s=ci(t);for(let r=0;r<o.cols;r++){let[a,i]=[r%z/(z-1),1-Math.floor(r/z)/(z-1)];for(let c=0;c<n;c++){let u=c===0?e.x[0]+a*(e.x[1]-e.x[0]):c===1?e.y[0]+i*(e.y[1]-e.y[0]):s[c];o.data[c*o.cols+r]=u}}Vn.set(t,{frame:e,grid:o})}return Vn.get(t)}function Xs(t,e,n){if(t.size>ii)return{frame:null,values:null,high:0};let{frame:o,grid:s}=li(e),r=Ct({network:t.network,training:{},parameters:n,X:s,Y:null});return{frame:o,values:r,high:e.X.rows===1?1:z}}function v(t,e=4){if(Number.isNaN(t))return"NaN";if(!Number.isFinite(t))return t>0?"∞":"−∞";if(t===0)return"0";let n=Math.abs(t),o=n>=1e5||n<.001?n.toExponential(e-2).replace(/\.?0+e/,"e").replace("e+","e"):Number(n.toPrecision(e)).toString();return(t<0?"−":"")+o.replace("e-","e−")}function zs(t,e){let n=t>0?Math.floor(Math.log10(t)+1e-9):0,o=n<-1||n>3?n:0;return{power:o,places:Math.max(0,e-Math.max(0,n-o))}}function Js(t,{power:e,places:n}){if(t===0||!Number.isFinite(t))return v(t);let o=Math.abs(e<0?t*10**-e:t/10**e),s=Number.isInteger(o)?String(o):o.toFixed(n);return(t<0?"−":"")+s}var ui={"-":"⁻",0:"⁰",1:"¹",2:"²",3:"³",4:"⁴",5:"⁵",6:"⁶",7:"⁷",8:"⁸",9:"⁹"},Zs=t=>t?`× 10${[...String(t)].map(e=>ui[e]).join("")}`:"",Rt=t=>Object.is(t,-0)?"-0":Number.isFinite(t)?String(t):Number.isNaN(t)?"nan":t>0?"inf":"-inf",Xe=t=>t<1e3?`${t} B`:t<1e6?`${Math.round(t/1e3)} kB`:`${(t/1e6).toFixed(1)} MB`;var Ft=8,[be,Kn,ze]=[38,10,88],pi=Object.keys(nt).filter(t=>t!=="softmax");function Gs({A:t,row:e,high:n}){let o=Y(null);return J(()=>{if(!t)return;let s=o.current.getContext("2d"),r=s.createImageData(z,n),a=ot(),i=1;for(let c=0;c<t.cols;c++)i=Math.max(i,Math.abs(t.data[e*t.cols+c]));for(let c=0;c<t.cols;c++)r.data.set([...ht(t.data[e*t.cols+c]/i,a),255],4*c);s.putImageData(r,0,0)}),m`<canvas ref=${o} width=${z} height=${Math.max(1,n)} aria-hidden="true"></canvas>`}function di({l:t,dims:e,activations:n,output:o}){if(t===0)return m`<div class="layer-head"><b>${d("2n")}</b></div>`;let s=t===e.length-1,r=e.slice(1,-1),a=c=>Lt({hidden:r.map((u,l)=>l===t-1?u+c:u)}),i=c=>Lt({activations:n.slice(0,-1).map((u,l)=>l===t-1?c:u)});return m`<div class="layer-head">
<b>${s?d("2p"):d("2o",{l:t})}</b>
${s?m`<span class="quiet">${o}</span>`:m`<span class="stepper">
<button
aria-label=${d("2m",{l:t})}
disabled=${e[t]<=1}
onClick=${()=>a(-1)}
>−</button>
<span>${e[t]}</span>
<button
aria-label=${d("2l",{l:t})}
disabled=${e[t]>=16}
onClick=${()=>a(1)}
>+</button>
</span>
<select
aria-label=${d("2q",{l:t})}
value=${n[t-1]}
onChange=${c=>i(c.target.value)}
>
${pi.map(c=>m`<option value=${c}>${c}</option>`)}
</select>`}
</div>`}function Vs({parameters:t,surface:e}){let{session:n,unitOpen:o,firstUnit:s}=S(),{layer_dims:r,activations:a,output:i}=n.network,{names:c}=n.lesson.data,u=k=>Math.min(k,Ft),l=k=>Math.min(s[k]??0,r[k]-u(r[k])),h=Math.max(...r.map(u))*(be+Kn),p=(k,M)=>(h-u(r[k])*(be+Kn))/2+(M-l(k))*(be+Kn)+be/2,g=k=>100*(k+.5)/r.length,y=(k,M)=>Array.from({length:u(r[k])},(P,B)=>M(l(k)+B)),_=(k,M)=>()=>x({firstUnit:{...s,[k]:Math.max(0,l(k)+M)}}),b=r.slice(1).flatMap((k,M)=>{let P=t[`W${M+1}`],B=zt(P)||1;return y(M,j=>y(M+1,Q=>{let G=E(P,Q,j);return m`<line
key=${`${M}.${j}.${Q}`}
class=${G<0?"is-negative":"is-positive"}
x1=${`${g(M)}%`} y1=${p(M,j)} x2=${`${g(M+1)}%`} y2=${p(M+1,Q)}
stroke-width=${(.5+3.5*Math.abs(G)/B).toFixed(2)}
stroke-opacity=${(.25+.65*Math.abs(G)/B).toFixed(2)}
/>`}))}),w=r.slice(1,-1),A=a.slice(0,-1);return m`<div class="depth">
<span id="depth-label">${d("2i")}</span>
<span class="stepper" role="group" aria-labelledby="depth-label">
<button
aria-label=${d("2k")}
disabled=${w.length<=1}
onClick=${()=>Lt({hidden:w.slice(0,-1),activations:A.slice(0,-1)})}
>−</button>
<span>${w.length}</span>
<button
aria-label=${d("2j")}
disabled=${w.length>=5}
onClick=${()=>Lt({hidden:[...w,4],activations:[...A,A.at(-1)??"tanh"]})}
>+</button>
</span>
</div>
<div class="network-scroll" tabindex="0" role="group" aria-label=${d("2a")}>
<div
class="network"
style=${{height:`${ze+h+(Math.max(...r)>Ft?50:8)}px`,minWidth:`${r.length*80}px`}}
>
<svg class="links" aria-hidden="true" style=${{top:`${ze}px`,height:`${h}px`}}>${b}</svg>
${r.map((k,M)=>m`<div class="layer" key=${M} style=${{left:`${100*M/r.length}%`,width:`${100/r.length}%`}}>
<${di} l=${M} dims=${r} activations=${a} output=${i} />
${y(M,P=>{let B=o?.[0]===M&&o?.[1]===P,j={top:`${ze+p(M,P)-be/2}px`};if(M===0)return m`<span class="unit is-input" key=${P} style=${j} title=${c?.[P]}><${Gs}
A=${e.values?.get("A0")}
row=${P}
high=${e.high}
/><span class="unit-name">${c?.[P]??`x${P+1}`}</span></span>`;let Q=v(E(t[`b${M}`],P,0),2);return m`<button
key=${P}
class=${`unit${B?" is-open":""}`}
style=${j}
aria-pressed=${B?"true":"false"}
aria-label=${d("30",{j:P,l:M,b:Q})}
onClick=${()=>x({unitOpen:[M,P]})}
>
<${Gs} A=${e.values?.get(`A${M}`)} row=${P} high=${e.high} />
<span class="unit-bias" aria-hidden="true">${Q}</span>
</button>`})}
${k>Ft?m`<div class="unit-more" style=${{top:`${ze+h-4}px`}}>
<span class="stepper">
<button
aria-label=${d("34",{l:M})}
disabled=${l(M)===0}
onClick=${_(M,-Ft)}
>‹</button>
<button
aria-label=${d("35",{l:M})}
disabled=${l(M)===k-Ft}
onClick=${_(M,Ft)}
>›</button>
</span>
<br />${d("33",{from:l(M),to:l(M)+Ft-1,n:k})}
</div>`:null}
</div>`)}
</div>
</div>
<p class="quiet note">${d("3h")}</p>`}var Qn=16;function Ks({label:t,name:e,row:n,col:o,value:s}){return m`<label class="field is-number">
<span>${t}</span>
<input
type="number"
step="0.1"
value=${Number(s.toPrecision(6))}
data-tensor=${e}
data-row=${n}
data-col=${o}
data-value=${String(s)}
onChange=${r=>Hs(e,n,o,r.target.valueAsNumber)}
/>
</label>`}function Qs({parameters:t}){let{session:e,unitOpen:n}=S(),{layer_dims:o}=e.network,[s,r]=n??[o.length-1,0];if(!(s<o.length&&r<o[s]))return null;let a=t[`W${s}`],{names:i}=e.lesson.data,c=u=>s===1?i?.[u]??`x${u+1}`:`A${s-1}[${u}]`;return m`<section class="unit-panel" aria-labelledby="unit-title">
<div class="unit-panel-head">
<h3 id="unit-title">${d("2z",{j:r,l:s})}</h3>
<button
class="button is-quiet is-small"
onClick=${()=>mt({name:`Z${s}`,row:r,col:0})}
>${d("37",{l:s})}</button>
</div>
<div class="fields">
<${Ks} label=${d("31")} name=${`b${s}`} row=${r} col=${0} value=${E(t[`b${s}`],r,0)} />
${Array.from({length:Math.min(a.cols,Qn)},(u,l)=>m`<${Ks}
key=${l}
label=${d("32",{from:c(l)})}
name=${`W${s}`}
row=${r}
col=${l}
value=${E(a,r,l)}
/>`)}
</div>
${a.cols>Qn?m`<p class="quiet">${d("36",{n:a.cols-Qn,l:s})}</p>`:null}
</section>`}var ct=320;function fi(t,e,n,o){if(n==="numbers")return ht(t.data[e],o);if(n==="binary")return ht((2*t.data[e]-1)*(o?.6:.75),o);let s=0;for(let i=1;i<t.rows;i++)t.data[i*t.cols+e]>t.data[s*t.cols+e]&&(s=i);let r=(o?.5:.65)*t.data[s*t.cols+e],a=o?[20,24,30]:[255,255,255];return Xt[s%Xt.length].map((i,c)=>Math.round(a[c]+(i-a[c])*r))}function mi(t,e,n){let o=ot(),s=document.createElement("canvas");s.width=s.height=z;let r=s.getContext("2d"),a=r.createImageData(z,z);for(let i=0;i<z*z;i++)a.data.set([...fi(e,i,n,o),255],4*i);r.putImageData(a,0,0),t.imageSmoothingEnabled=!0,t.drawImage(s,0,0,2*ct,2*ct)}function hi(t,e,n){t.clearRect(0,0,2*ct,2*ct),t.beginPath();for(let o=0;o<e.cols;o++){let s=2*ct*(1-(e.data[o]-n.y[0])/(n.y[1]-n.y[0]));t[o?"lineTo":"moveTo"](2*ct*o/(e.cols-1),s)}t.lineWidth=6,t.strokeStyle=ot()?"#f0a860":"#b34700",t.stroke()}var $i=4e3;function gi({network:t},e,n){let o=bi(e),s=ds(t,n,o.X);if(o.kind==="numbers"){let a=0;for(let i=0;i<s.data.length;i++)a+=(s.data[i]-o.Y.data[i])**2;return d("3g",{value:v(a/s.cols)})}let r=0;for(let a=0;a<s.cols;a++)r+=Jt({Y:s},a)===Jt(o,a)?1:0;return d("3f",{n:r,m:s.cols})}var to=new WeakMap;function bi(t){let e=Math.ceil(t.X.cols/$i);if(e<2)return t;let n=Array.from({length:Math.ceil(t.X.cols/e)},(o,s)=>s*e);return to.has(t)||to.set(t,{...t,X:Wt(t.X,n),Y:Wt(t.Y,n)}),to.get(t)}function tr({parameters:t,surface:e}){let{session:n,k:o,paint:s}=S(),r=Y(null),a=n.dataAt(o),i=n.network.activations.length,{frame:c,values:u}=e;J(()=>{if(!u)return;let g=r.current.getContext("2d"),y=u.get(`A${i}`);a.X.rows===1?(g.clearRect(0,0,2*ct,2*ct),hi(g,y,c)):mi(g,y,a.kind),In(g,a,c,2*ct,6)});let l=g=>{if(s===null||a.X.rows!==2)return;let y=r.current.getBoundingClientRect(),[_,b]=[(g.clientX-y.left)/y.width,1-(g.clientY-y.top)/y.height];Ye([c.x[0]+_*(c.x[1]-c.x[0]),c.y[0]+b*(c.y[1]-c.y[0])],Zn(a,s))},[f,h]=[a.names?.[0]??"x1",a.X.rows===1?"Y":a.names?.[1]??"x2"],p=gi(n,a,t);return m`<section class="card" aria-labelledby="map-title">
<div class="card-head"><h2 id="map-title">${d("38")}</h2><span class="quiet" data-fit>${p}</span></div>
${u?m`<canvas
class=${`decision${s===null?"":" is-painting"}`}
ref=${r}
width=${2*ct}
height=${2*ct}
role="img"
aria-label=${`${d("3a",{x:f,y:h})} ${p}`}
onClick=${l}
></canvas>`:null}
${a.X.rows>2&&u?m`<p class="quiet note">${d("39",{x:f,y:h})}</p>`:null}
</section>`}var[Je,Kt,Qt,eo]=[320,132,40,20],_i=300;function oo(t,e){let n=Math.max(1,Math.ceil(t.length/e));return t.filter((o,s)=>s%n===0||s===t.length-1)}function er({lines:t,here:e,text:n}){let o=t.map(p=>oo(p,_i)),s=o.flat(),[r,a]=[s.map(([,p])=>p),s.map(([p])=>p)],[i,c]=[Math.min(0,...r),Math.max(...r,1e-12)],[u,l]=[Math.min(...a),Math.max(...a)],f=p=>Qt+(Je-Qt-6)*(p-u)/Math.max(1,l-u),h=p=>8+(Kt-eo-8)*(1-(p-i)/(c-i));return m`<svg class="curve" viewBox=${`0 0 ${Je} ${Kt}`} role="img" aria-label=${n}>
<path class="axis" d=${`M${Qt} 8V${Kt-eo}H${Je-6}`} />
${s.length?m`<text x=${Qt-5} y="13" text-anchor="end">${v(c,3)}</text>
<text x=${Qt-5} y=${Kt-eo} text-anchor="end">${v(i,3)}</text>
<text x=${Qt} y=${Kt-5}>${u}</text>
<text x=${Je-6} y=${Kt-5} text-anchor="end">${l}</text>
${o.map((p,g)=>m`<path
key=${g}
class=${`line${g?" is-second":""}`}
d=${p.map(([y,_],b)=>`${b?"L":"M"}${f(y).toFixed(1)} ${h(_).toFixed(1)}`).join("")}
/>`)}
${e?m`<circle class="dot" cx=${f(e[0])} cy=${h(e[1])} r="4" />`:null}`:null}
</svg>`}function nr({names:t,rows:e,press:n}){return m`<details>
<summary>${d("3e")}</summary>
<div class="table-scroll"><table class="plain">
<thead><tr>${t.map(o=>m`<th key=${o}>${o}</th>`)}</tr></thead>
<tbody>${e.map(([o,...s])=>m`<tr key=${o}><th scope="row">${n?m`<button class="link" onClick=${()=>n(o)}>${o}</button>`:o}</th>${s.map(r=>m`<td data-value=${String(r)}>${v(r)}</td>`)}</tr>`)}</tbody>
</table></div>
</details>`}function or(){let{session:t,k:e}=S(),{costs:n}=t,o=n.map((i,c)=>[c+1,i]).filter(([,i])=>Number.isFinite(i)),s=o.reduce((i,[,c])=>Math.min(i,c),1/0),r=o.length?d("3c",{first:v(o[0][1]),last:v(n.at(-1)),low:v(s),n:n.length}):d("3d"),a=o.findLast(([i])=>i<=e)??o[0];return m`<section class="card" aria-labelledby="cost-title">
<div class="card-head"><h2 id="cost-title">${d("3b")}</h2>${a?m`<span class="quiet">${v(a[1])}</span>`:null}</div>
<${er} lines=${[o]} here=${a} text=${r} />
<p class="quiet note">${r}</p>
${a?m`<${nr} names=${[d("bar.unit.update"),"J"]} rows=${oo(o,12)} press=${F} />`:null}
</section>`}var no=t=>t.replaceAll("_"," ");function Ze(){let{history:t}=S().session.lesson;if(t?.unit!=="epoch")return null;let{unit:e,at:n,text:o,...s}=t,r=Object.keys(s),a=i=>(s[i]??[]).map((c,u)=>[n[u],c]).filter(([,c])=>Number.isFinite(c));return m`<section class="card" aria-labelledby="run-title" data-run>
<h2 id="run-title">${d("3i")}</h2>
${[...new Set(r.map(i=>i.replace("validation_","")))].map(i=>m`<div key=${i}>
<p class="quiet">${no(i)}${s[`validation_${i}`]?` · ${d("3j")}`:""}</p>
<${er} lines=${[a(i),a(`validation_${i}`)]} text=${`${no(i)}. ${o}`} />
</div>`)}
<p class="quiet note">${o}</p>
<${nr}
names=${[d("bar.unit.epoch"),...r.map(no)]}
rows=${oo(n.map((i,c)=>[i,...r.map(u=>s[u][c])]),12)}
/>
</section>`}var yi=.005;function so(...t){let e=0;for(let{data:n}of t)for(let o of n)e+=o*o;return Math.sqrt(e)}var sr=({rows:t,cols:e,data:n})=>Array.from({length:t},(o,s)=>n.subarray(s*e,(s+1)*e)),ro=t=>t.filter(Boolean).length/t.length;function wi(t,e,n,o){let s=sr(t).map(i=>i.every(c=>c===0)),r=nt[n].one?.backward;if(!o||!r)return{dead:ro(s)};let a=i=>i.reduce((c,u)=>c+Math.abs(r(1,u)),0)/i.length<yi;return{dead:ro(s),saturated:ro(sr(e).map((i,c)=>!s[c]&&a(i)))}}function rr({problem:t,values:e}){let{activations:n}=t.network;return n.map((o,s)=>{let r=s+1,[a,i]=[e.get(`W${r}`),e.get(`W${r}′`)],c={data:a.data.map((f,h)=>i.data[h]-f)},u=Object.keys(t.parameters).filter(f=>f.match(/\d+$/)[0]===`${r}`),l=e.get(`g(Z${r})`)??e.get(`A${r}`);return{layer:r,units:a.rows,gradient:so(...u.map(f=>e.get(`d${f}`))),ratio:so(c)/(so(a)||1),...wi(l,e.get(`Z${r}`),o,r<n.length)}})}function vi({units:t,dead:e,saturated:n}){return e?m`<span class="is-bad">${d("45",{n:Math.round(e*t)})}</span>`:n?m`<span class="is-bad">${d("46",{share:Math.round(100*n)})}</span>`:m`<span class="is-good">✓</span>`}function ar(){let t=rr(D()),e=Math.max(...t.map(({gradient:n})=>n))||1;return m`<section class="card" aria-labelledby="layers-title">
<h2 id="layers-title">${d("40")}</h2>
<div class="table-scroll">
<table class="plain layers">
<thead><tr><th>${d("41")}</th><th>${d("42")}</th><th>${d("43")}</th><th>${d("44")}</th></tr></thead>
<tbody>
${t.map(n=>m`<tr key=${n.layer}>
<th scope="row">${n.layer}</th>
<td><span
class="layers-bar"
style=${{width:`${Math.max(2,44*(n.gradient/e))}px`}}
></span>${v(n.gradient,2)}</td>
<td>${v(n.ratio,2)}</td>
<td>${vi(n)}</td>
</tr>`)}
</tbody>
</table>
</div>
</section>`}function ir(){let{session:t,k:e}=S(),{parameters:n}=t.state(e-1),o=Xs(t,t.dataAt(e),n);return m`<div class="play">
<h1 class="visually-hidden">${d("screen.play")}</h1>
<div class="play-left">
<${Bs} />
<${Ys} />
</div>
<section class="card play-network" aria-labelledby="network-title">
<h2 id="network-title">${d("2a")}</h2>
<${Vs} parameters=${n} surface=${o} />
<${Qs} parameters=${n} />
</section>
<div class="play-right">
<${tr} parameters=${n} surface=${o} />
<${or} />
<${Ze} />
<${ar} />
</div>
</div>`}var ki=/^(?:(v|s|v̂|ŝ)_)?(d)?(?:(g)\()?(A|Z|W|b|mask)(\d+)\)?(_decayed|_data|_L2|′|⁻)?$/u;function xt(t){let e=ki.exec(t);if(!e)return null;let[,n,o,s,r,a,i]=e;return{slot:n,derivative:!!o,before:!!s,letter:r,layer:Number(a),suffix:i??""}}function Ge(t){let e=xt(t);if(t==="loss")return["p","o"];if(t==="Y")return["n","o"];if(t.startsWith("J"))return["p","p"];if(!e)return["q","r"];let n=e.layer===0?"m":"k";return e.letter==="W"?[n,e.layer===1?"m":"l"]:e.letter==="b"?[n,"p"]:[n,"o"]}function dt({name:t}){let e=xt(t);if(!e)return m`<span class="name"><i>${t.startsWith("J_")?m`J<sub>${t.slice(2)}</sub>`:t}</i></span>`;let{slot:n,derivative:o,before:s,letter:r,layer:a,suffix:i}=e,c=m`<i>${o?"d":""}${s?"g(":""}${r==="mask"?"mask":r}</i><sup>[${a}]</sup>${s?m`<i>)</i>`:""}`,u=i==="′"?"′":i==="⁻"?"":i.replace("_"," ");return m`<span class="name">${n?m`<i>${n}</i><sub>${c}</sub>`:c}${i==="⁻"?m`<sub>before</sub>`:u}</span>`}var _e=(...t)=>m`<mrow>${t}</mrow>`;function cr(t,e){let n=xt(t),o=(g,...y)=>m`<msup>${g}<mrow>${y}</mrow></msup>`,s=e?m`<mi>T</mi>`:null;if(!n)return t.startsWith("J_")?m`<msub><mi>J</mi><mi>${t.slice(2)}</mi></msub>`:m`<mi>${t}</mi>`;let{slot:r,derivative:a,before:i,letter:c,layer:u,suffix:l}=n,f=[m`<mo stretchy="false">[</mo>`,m`<mn>${u}</mn>`,m`<mo stretchy="false">]</mo>`,s],h=o(a?_e(m`<mi>d</mi>`,m`<mi>${c}</mi>`):m`<mi>${c}</mi>`,...f),p=i?_e(m`<mi>${a?"dg":"g"}</mi>`,m`<mo>(</mo>`,o(m`<mi>${c}</mi>`,...f),m`<mo>)</mo>`):h;return r?m`<msub><mi>${r}</mi>${_e(p)}</msub>`:l==="′"?_e(p,m`<mo>′</mo>`):l.startsWith("_")?m`<msub>${p}<mi>${l.slice(1)}</mi></msub>`:p}var xi=/^(.+)\/(.+)$/;function Mi(t){let e=xi.exec(t);return e?m`<mfrac><mi>${e[1]}</mi><mi>${e[2]}</mi></mfrac><mspace width="0.2em" />`:/^[a-zα-ω][a-z_α-ω₀-₉]*′?$/u.test(t)?m`<mi mathvariant=${t.length>1?"normal":void 0}>${t}</mi>`:/^(\d+|log)$/.test(t)?m`<mn>${t}</mn>`:m`<mo stretchy="false">${t}</mo>`}function Si(t){return typeof t=="string"?Mi(t):t.power?m`<msup><mi>e</mi>${_e(cr(t.power.name))}</msup>`:cr(t.name,t.transposed)}var ao={momentum:{v:["β","v","+","(1 − β)","g"],theta:["−","α","v"]},nesterov:{v:["β","v","−","α","g"],theta:["+","β","v","−","α","g"]},rmsprop:{s:["β","s","+","(1 − β)","g²"],theta:["−","α","g / (√s + ε)"]},adam:{v:["β₁","v","+","(1 − β₁)","g"],s:["β₂","s","+","(1 − β₂)","g²"],theta:["−","α","v̂ / (√ŝ + ε)"]},lion:{v:["β₂","v","+","(1 − β₂)","g"],theta:["−","α","sign(β₁v + (1 − β₁)g)"]}};ao.adamw=ao.adam;var Ti={sigmoid:t=>["Σ","(","log","(","1","+",{power:t},")","−",{name:"Y"},"∘",t,")"],softmax:t=>["log","Σ",{power:t},"−","Σ",{name:"Y"},"∘",t],identity:t=>["1/2","Σ","(",t,"−",{name:"Y"},")","²"]};function lr({step:t,optimizer:e,output:n}){if(t.formula)return m`<span class="equation is-text">${t.formula}</span>`;let{tokens:o}=t,s=ao[e];t.kind==="slot"&&s&&(o=[o[0],"=",...s[xt(t.id).slot]]),t.kind==="update"&&s&&(o=[o[0],"=",o[2],...s.theta]);let r={name:`d${xt(t.id)?.letter}${t.layer}`};return t.phase==="update"&&(o=o.flatMap(a=>a==="g"?[r]:a==="g²"?[r,"²"]:[a])),t.kind==="loss"&&(o=[o[0],"=",...Ti[n](o[4])]),t.kind==="batch"&&(o=[o[0],"=",{name:"X"}]),m`<math class="equation" display="block">
<mrow>${o.map(Si)}</mrow>
</math>`}function Ai(t){let e=[];return t.forEach((n,o)=>{e.at(-1)?.phase!==n.phase&&e.push({phase:n.phase,steps:[]}),e.at(-1).steps.push({...n,at:o})}),e}function ur(){let{micro:t}=S(),e=Y(null),{steps:n}=D();st(()=>{let s=e.current,r=requestAnimationFrame(()=>{let a=s.querySelector('[aria-current="step"]');a&&(s.scrollLeft=a.offsetLeft-s.clientWidth/2+a.offsetWidth/2)});return()=>cancelAnimationFrame(r)},[t,n]);let o=s=>{let r={Home:0,End:n.length-1}[s.key];r!==void 0&&(s.preventDefault(),It(r))};return m`<nav class="ribbon" ref=${e} aria-label=${d("u")} onKeyDown=${o}>
${Ai(n).map(({phase:s,steps:r})=>m`<div class=${`ribbon-group phase-${s}`} key=${r[0].id}>
<span class="ribbon-phase" id=${`phase-${r[0].at}`}>${d(`phase.${s}`)}</span>
<ol aria-labelledby=${`phase-${r[0].at}`}>
${r.map(({id:a,at:i})=>m`<li key=${a}>
<button
class="ribbon-step"
data-micro=${a}
tabindex=${i===t?0:-1}
aria-current=${i===t?"step":void 0}
onClick=${()=>It(i)}
>
<${dt} name=${a} />
</button>
</li>`)}
</ol>
</div>`)}
</nav>`}var Oi=320,pr=112;function Ci(t,e,n,o,s){let r=t.createImageData(o,s),a=zt(e)||1,i=ot(),[c,u]=n?[e.cols,e.rows]:[e.rows,e.cols];for(let l=0;l<s;l++){let[f,h]=[Math.floor(l*c/s),Math.max(Math.floor((l+1)*c/s),Math.floor(l*c/s)+1)];for(let p=0;p<o;p++){let[g,y]=[Math.floor(p*u/o),Math.max(Math.floor((p+1)*u/o),Math.floor(p*u/o)+1)],_=0,b=0,w=Math.ceil((h-f)/4),A=Math.ceil((y-g)/4);for(let B=f;B<h;B+=w)for(let j=g;j<y;j+=A,b++)_+=n?e.data[j*e.cols+B]:e.data[B*e.cols+j];let[k,M,P]=ht(_/b/a,i);r.data.set([k,M,P,255],4*(l*o+p))}}t.putImageData(r,0,0)}function dr({matrix:t,transposed:e=!1,window:n,onPick:o}){let s=Y(null),[r,a]=e?[t.cols,t.rows]:[t.rows,t.cols],i=Math.min(a,Oi),c=Math.min(r,pr);J(()=>Ci(s.current.getContext("2d"),t,e,i,c),[t,e,ot()]);let u=Math.max(18,Math.min(pr,c*(r>24?1:5))),l=h=>{let p=h.currentTarget.getBoundingClientRect(),g=(y,_,b,w)=>Math.max(0,Math.min(w-1,Math.floor((y-_)/b*w)));o(g(h.clientY,p.top,p.height,r),g(h.clientX,p.left,p.width,a))},f=(h,p)=>`${100*h/p}%`;return m`<div class="heat" aria-hidden="true" onClick=${l} style=${{height:`${u}px`}}>
<canvas ref=${s} width=${i} height=${c}></canvas>
<span
class="heat-window"
style=${{left:f(n.c0,a),top:f(n.r0,r),width:f(n.c1-n.c0,a),height:f(n.r1-n.r0,r)}}
></span>
</div>`}var Ei=16,io=8;function fr(t,e,n,o=Ei){if(t<=o)return[0,t];let s=Math.min(Math.floor((e??0)/n)*n,t-n);return[s,s+n]}var[ye,te]=[{cell:56,decimals:4},{cell:44,decimals:3}],mr=[{whole:16,few:6,...ye},{whole:16,few:4,...ye},{whole:16,few:4,...te},{whole:16,few:3,...te},{whole:8,few:5,...ye},{whole:8,few:4,...te},{whole:8,few:3,...te},{whole:6,few:5,...te},{whole:6,few:4,...te}],Ni={whole:4,few:4,...ye},[co,hr]=[26,100];function $r(t,e,n){let o=n.reduce((a,i)=>a+Math.max(14,10*i.length)+13,0),s=({whole:a,few:i,cell:c})=>o+e.reduce((u,l)=>u+Math.max(hr,co+c*(l<=a?l:i)),0),r=mr.find(a=>s(a)<=t);return r||(t<560?{...Ni,few:Math.max(2,Math.floor((t-co)/ye.cell))}:mr[5])}function we(t,e){let n=t.get(e);if(typeof n=="number")return{rows:1,cols:1,data:Float64Array.of(n)};if(n)return n;let o=t.get(e.replace(/^.+?_d|⁻$/gu,"").replace("⁻",""));return o?{rows:o.rows,cols:o.cols,data:new Float64Array(o.data.length)}:null}var Pi={ArrowUp:(t,e)=>[t-1,e],ArrowDown:(t,e)=>[t+1,e],ArrowLeft:(t,e)=>[t,e-1],ArrowRight:(t,e)=>[t,e+1],Home:t=>[t,0],End:t=>[t,1/0],PageUp:(t,e)=>[t-io,e],PageDown:(t,e)=>[t+io,e]};function gr({name:t,matrix:e,size:n,transposed:o=!1,lit:s,result:r=!1}){let{cursor:a}=S(),i=Y(null),c=(O,N)=>o?[N,O]:[O,N],[u,l]=c(e.rows,e.cols),f=a?.name===t?a:null,h=s.find(O=>O.name===t),[p,g]=f?c(f.row,f.col):h?c(h.row,h.col):[0,0],[y,_]=fr(u,p,io),[b,w]=fr(l,g,n.few,n.whole),A=zt(e),k=zs(A,n.decimals),M=Zs(k.power),P=[..._-y<u?[d("y",{from:y,to:_-1,of:u})]:[],...w-b<l?[d("z",{from:b,to:w-1,of:l})]:[]],B=P.length===0;st(()=>{!f||!$.focusCursor||($.focusCursor=!1,i.current.querySelector('[tabindex="0"]')?.focus())});let j=(O,N,et)=>{let[lt,ne]=[Math.max(0,Math.min(u-1,O)),Math.max(0,Math.min(l-1,N))],[ve,ke]=c(lt,ne);Yt({name:t,row:ve,col:ke},et)},Q=O=>{let N=O.closest("[data-tensor]");return N&&c(Number(N.dataset.row),Number(N.dataset.col))},G=O=>{let N=Q(O.target);if(!N||O.ctrlKey||O.metaKey||O.altKey)return;if(O.key==="Enter")return mt({name:t,row:c(...N)[0],col:c(...N)[1]});let et=Pi[O.key];!et||O.shiftKey||(O.preventDefault(),O.stopPropagation(),j(...et(...N),!0))},ft=O=>{let N=Q(O.target);N&&j(...N,!0)},[tt,Z]=c(...Ge(t)),Vr=(O,N)=>{if(!h)return!1;let[et,lt]=c(O,N);return(h.row===null||h.row===et)&&(h.col===null||h.col===lt)},Kr=f?c(f.row,f.col)[0]:y,Qr=f?c(f.row,f.col)[1]:b,rn=(O,N)=>Array.from({length:N-O},(et,lt)=>O+lt),ta=o?`${t}ᵀ`:t;return m`<figure
class=${`matrix${r?" is-result":""}`}
style=${{"--cell":`${n.cell}px`,width:`${Math.max(hr,co+n.cell*(w-b))}px`}}
>
<figcaption>
<span class="matrix-name"><${dt} name=${t} />${o?m`<sup>T</sup>`:null}</span>
<span class="matrix-shape">${d("x",{rows:u,cols:l})}${M?m`<b> ${M}</b>`:null}</span>
</figcaption>
<div class="matrix-scroll">
<div
class="grid"
role="grid"
ref=${i}
aria-label=${`${ta}, ${d(tt)} × ${d(Z)}, ${d("x",{rows:u,cols:l})}`}
aria-rowcount=${u}
aria-colcount=${l}
onKeyDown=${G}
onClick=${ft}
>
<div class="grid-head" aria-hidden="true">
<span></span>${rn(b,w).map(O=>m`<span key=${O}>${O}</span>`)}
</div>
${rn(y,_).map(O=>m`<div class="grid-row" role="row" aria-rowindex=${O+1} key=${O}>
<span class="grid-index" aria-hidden="true">${O}</span>
${rn(b,w).map(N=>{let[et,lt]=c(O,N),ne=e.data[et*e.cols+lt],ve=Js(ne,k),ke=f&&f.row===et&&f.col===lt;return m`<span
key=${N}
role="gridcell"
class=${`cell${ke?" is-cursor":""}${Vr(O,N)?" is-lit":""}`}
aria-colindex=${N+1}
aria-selected=${ke?"true":"false"}
aria-label=${d("10",{name:t,row:et,col:lt,value:`${ve} ${M}`})}
tabindex=${O===Kr&&N===Qr?0:-1}
data-tensor=${t}
data-row=${et}
data-col=${lt}
data-value=${Rt(ne)}
style=${{backgroundColor:Os(ne,A)}}
>${ve}</span
>`})}
</div>`)}
</div>
</div>
<div class="matrix-axes">
${d(tt)} × ${d(Z)}
${P.map(O=>m`<br />${O}`)}
</div>
${B?null:m`<${dr}
matrix=${e}
transposed=${o}
window=${{r0:y,r1:_,c0:b,c1:w}}
onPick=${(O,N)=>j(O,N,!1)}
/>`}
</figure>`}async function Ve(t){try{return await navigator.clipboard.writeText(t),!0}catch{let e=Object.assign(document.createElement("textarea"),{value:t});document.body.append(e),e.select();let n=document.execCommand("copy");return e.remove(),n}}function lo(t,e,n){let o=URL.createObjectURL(new Blob([e],{type:n})),s=Object.assign(document.createElement("a"),{href:o,download:t});document.body.append(s),s.click(),s.remove(),setTimeout(()=>URL.revokeObjectURL(o),1e4)}var L=(t,e,n)=>({name:t,row:e,col:n}),Mt=(t,e,n)=>`${t}[${e}, ${n}]`,br={batch({opened:t},e,n){return{symbols:`A0[${e}, ${n}] = X[${e}, ${t.problem.batch[n]}]`,code:`X[${e}, ${t.problem.batch[n]}]`,lit:[]}},linear({values:t,layer:e},n,o){let[s,r,a]=[`W${e}`,`A${e-1}`,`b${e}`],i=uo(t,s,r,t.get(s).cols,u=>[L(s,n,u),L(r,u,o)]),c=E(t.get(a),n,0);return{symbols:`Σₖ ${s}[${n}, k]·${r}[k, ${o}] + ${Mt(a,n,0)}`,code:`(${s} @ ${r} + ${a})[${n}, ${o}]`,lit:[{name:s,row:n,col:null},{name:r,row:null,col:o},L(a,n,0)],terms:i,added:[{place:L(a,n,0),label:a,value:c}]}},activation({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=E(t.get(`Z${o}`),s,r),c=a==="softmax";return{symbols:c?`e^Z${o}[${s}, ${r}] / Σₖ e^Z${o}[k, ${r}]`:`${a}(Z${o}[${s}, ${r}])`,puts:c?void 0:`${a}(${v(i)})`,code:`${a}(Z${o})[${s}, ${r}]`,lit:[c?{name:`Z${o}`,row:null,col:r}:L(`Z${o}`,s,r)]}},dropout:({values:t,step:e},n,o)=>po(t,e,n,o,"*"),dropout_back:({values:t,step:e},n,o)=>po(t,e,n,o,"*"),loss({values:t,opened:e,layer:n},o,s){let{output:r}=e.problem.network,[a,i]=[t.get(`Z${n}`),t.get("Y")],c=a.rows===1,[u,l]=[v(E(a,0,s)),v(E(i,0,s))],f={sigmoid:[`Σ (log(1 + e^Z${n}) − Y·Z${n}) in column ${s}`,`log(1 + e^(${u})) − ${l}·(${u})`],softmax:[`log Σₖ e^Z${n}[k, ${s}] − Σₖ Y[k, ${s}]·Z${n}[k, ${s}]`,""],identity:[`½ Σ (Z${n} − Y)² in column ${s}`,`½·(${u} − (${l}))²`]},[h,p]=f[r];return{symbols:h,puts:c&&p?p:void 0,code:`loss[0, ${s}]`,lit:[{name:`Z${n}`,row:null,col:s},{name:"Y",row:null,col:s}]}},cost({values:t}){let e=t.get("loss"),n=t.has("J_L2")?[{place:null,label:"J_L2",value:t.get("J_L2")}]:[];return{symbols:`1/m Σᵢ loss[0, i]${n.length?" + J_L2":""}`,code:`loss.mean()${n.length?" + J_L2":""}`,lit:[{name:"loss",row:0,col:null}],terms:Array.from(e.data,(o,s)=>({factors:[L("loss",0,s)],value:o})),scale:e.cols,added:n}},output:({values:t,step:e},n,o)=>po(t,e,n,o,"-"),weights({values:t,layer:e,opened:n},o,s){let[r,a]=[`dZ${e}`,`A${e-1}`],i=t.get(r).cols,c=uo(t,r,a,i,f=>[L(r,o,f),L(a,s,f)]),u=t.get(`dW${e}_L2`),l=`W${e}`;return{symbols:`1/${i} Σᵢ ${r}[${o}, i]·${a}[${s}, i]${u?` + λ/${i}·${Mt(l,o,s)}`:""}`,code:`(${r} @ ${a}.T / ${i}${u?` + l2 / ${i} * ${l}`:""})[${o}, ${s}]`,lit:[{name:r,row:o,col:null},{name:a,row:s,col:null},...u?[L(l,o,s)]:[]],terms:c,scale:i,added:u?[{place:L(l,o,s),label:`λ/m·${l}`,value:E(u,o,s)}]:[]}},bias({values:t,layer:e},n){let o=t.get(`dZ${e}`);return{symbols:`1/${o.cols} Σᵢ dZ${e}[${n}, i]`,code:`dZ${e}.sum(axis=1, keepdims=True)[${n}, 0] / ${o.cols}`,lit:[{name:`dZ${e}`,row:n,col:null}],terms:Array.from({length:o.cols},(s,r)=>({factors:[L(`dZ${e}`,n,r)],value:E(o,n,r)})),scale:o.cols}},back({values:t,layer:e},n,o){let s=e+1,[r,a]=[`W${s}`,`dZ${s}`];return{symbols:`Σₖ ${r}[k, ${n}]·${a}[k, ${o}]`,code:`(${r}.T @ ${a})[${n}, ${o}]`,lit:[{name:r,row:null,col:n},{name:a,row:null,col:o}],terms:uo(t,r,a,t.get(r).rows,i=>[L(r,i,n),L(a,i,o)])}},activation_back({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=e.tokens[2].name,[c,u]=[E(t.get(i),s,r),E(t.get(`Z${o}`),s,r)],l=c===0?"":`   (slope ${v(E(t.get(`dZ${o}`),s,r)/c)})`;return{symbols:`${Mt(i,s,r)} · ${a}′(Z${o}[${s}, ${r}])`,puts:`${v(c)} · ${a}′(${v(u)})${l}`,code:`${a}_backward(${i}, Z${o})[${s}, ${r}]`,lit:[L(i,s,r),L(`Z${o}`,s,r)]}},decay({values:t,step:e,opened:n},o,s){let{learning_rate:r,weight_decay:a}=n.problem.training,i=e.tokens[3].name;return{symbols:`(1 − α·λ)·${Mt(i,o,s)}`,puts:`(1 − ${v(r)}·${v(a)})·${v(E(t.get(i),o,s))}`,code:`(1 - ${r} * ${a}) * ${i}[${o}, ${s}]`,lit:[L(i,o,s)]}},slot({values:t,step:e,opened:n},o,s){let{slot:r}=xt(e.id),a=e.tokens[4].name,i=t.has(`${e.id}⁻`)?E(t.get(`${e.id}⁻`),o,s):0,c=E(t.get(a),o,s),{training:u}=n.problem,l={...R[u.optimizer].defaults,...u.hyperparameters},f=r==="s"?"²":"";if(u.optimizer==="nesterov")return{symbols:`β·v − α·${Mt(a,o,s)}`,puts:`${l.beta}·${v(i)} − ${v(u.learning_rate)}·${v(c)}`,code:`${l.beta} * v - ${u.learning_rate} * ${a}[${o}, ${s}]`,lit:[L(a,o,s),L(`${e.id}⁻`,o,s)]};let h=u.optimizer==="lion",p=l.beta??(r==="s"||h?l.beta2:l.beta1);return{symbols:`β·${r} + (1 − β)·${Mt(a,o,s)}${f}`,puts:`${p}·${v(i)} + ${v(1-p)}·(${v(c)})${f}`,code:`${p} * ${r} + (1 - ${p}) * ${a}[${o}, ${s}]${f?" ** 2":""}`,lit:[L(a,o,s),L(`${e.id}⁻`,o,s)]}},update({values:t,step:e,opened:n},o,s){let{optimizer:r,learning_rate:a}=n.problem.training,i=e.tokens.filter(b=>typeof b=="object").slice(1).map(({name:b})=>b),[c,...u]=i,l=b=>v(E(t.get(b),o,s)),[f,h]=u,p={gd:[`${c} − α·${f}`,`${l(c)} − ${v(a)}·(${l(f)})`],momentum:[`${c} − α·v`,`${l(c)} − ${v(a)}·(${l(f)})`],nesterov:[`${c} + β·v − α·g`,`${l(c)} + β·(${l(f)}) − ${v(a)}·(${l(u.at(-1))})`],rmsprop:[`${c} − α·g / (√s + ε)`,`${l(c)} − ${v(a)}·(${l(u.at(-1))}) / (√${l(f)} + ε)`],lion:[`${c} − α·sign(β₁·v + (1 − β₁)·g)`,""]},g=[`${c} − α·v̂ / (√ŝ + ε)`,h?`${l(c)} − ${v(a)}·(${l(f)}) / (√${l(h)} + ε)`:""],[y,_]=p[r]??g;return{symbols:y,puts:_||void 0,code:`${e.equation}(…)[${o}, ${s}]`,lit:i.map(b=>L(b,o,s))}}};function uo(t,e,n,o,s){let[r,a]=[t.get(e),t.get(n)];return Array.from({length:o},(i,c)=>{let[u,l]=s(c);return{factors:[u,l],value:E(r,u.row,u.col)*E(a,l.row,l.col)}})}function po(t,e,n,o,s){let[r,a]=e.tokens.filter(c=>typeof c=="object").slice(1).map(({name:c})=>c),i=s==="-"?"−":"∘";return{symbols:`${Mt(r,n,o)} ${i==="∘"?"·":i} ${Mt(a,n,o)}`,puts:`${v(E(t.get(r),n,o))} ${i==="∘"?"·":i} ${v(E(t.get(a),n,o))}`,code:`(${r} ${s} ${a})[${n}, ${o}]`,lit:[L(r,n,o),L(a,n,o)]}}function Ke(t,e,n,o){let s=t.steps.find(({id:r})=>r===e);return!s||!br[s.kind]?null:br[s.kind]({opened:t,values:t.values,step:s,layer:s.layer},n,o)}var Ii=/^d(A|Z|g)/,qi=t=>t.slice(1);function fo(t,e,n,o,s){let r=qi(n),a=e.get(r),i=Ii.test(n)?e.get("Y").cols:1,c=o*a.cols+s,u=g=>{let y=Ie(a);return y.data[c]=g,Ct(t,new Map,{name:r,value:y}).get("J")},l=a.data[c],f=.02*Math.max(1,Math.abs(l)),h={value:NaN,error:1/0},p=[];for(let g=0;g<9;g++,f/=2){let y=[(u(l+f)-u(l-f))/(2*f)*i];for(let _=1,b=4;_<=g;_++,b*=4){y.push((b*y[_-1]-p[_-1])/(b-1));let w=Math.max(Math.abs(y[_]-y[_-1]),Math.abs(y[_]-p[_-1]));w<h.error&&(h={value:y[_],error:w})}p=y}return h}function ji(t,e){return t<=e?Array.from({length:t},(n,o)=>o):Array.from({length:e},(n,o)=>Math.round(o*(t-1)/(e-1)))}function*_r(t,e,n,o=24){for(let s of n){let r=e.get(s),a=0,i=ji(r.data.length,o),c=!0;for(let u of i){let l=Math.floor(u/r.cols),f=fo(t,e,s,l,u%r.cols),h=Math.max(Math.abs(r.data[u]),Math.abs(f.value),1e-4),p=Math.abs(r.data[u]-f.value)/h;a=Math.max(a,p),p<1e-6||Math.abs(r.data[u]-f.value)<=10*f.error||(c=!1)}yield{name:s,checked:i.length,of:r.data.length,difference:a,passed:c}}}var yr=6;function Li({explanation:t,values:e,result:n}){let{terms:o,scale:s=1,added:r=[]}=t,a=o.map((l,f)=>({...l,i:f})).sort((l,f)=>Math.abs(f.value)-Math.abs(l.value)),i=a.slice(yr),c=Math.abs(a[0]?.value)||1,u=({name:l,row:f,col:h})=>E(we(e,l),f,h);return m`<div class="terms">
<h4>${d("1i",{n:o.length})}</h4>
<ol>
${a.slice(0,yr).map(({factors:l,value:f,i:h})=>m`<li key=${h}>
<button
class="term"
onClick=${()=>Yt(l.at(-1))}
title=${l.map(p=>`${p.name}[${p.row}, ${p.col}]`).join(" · ")}
>
<span class="term-index">${h}</span>
<span class="term-factors">${l.map(u).map(p=>v(p)).join(" · ")}</span>
<span class="term-value">${l.length>1?`= ${v(f)}`:""}</span>
<span
class=${`term-bar ${f<0?"is-negative":""}`}
style=${{width:`${100*Math.abs(f)/c}%`}}
></span>
</button>
</li>`)}
</ol>
${i.length?m`<p class="quiet note">${d("1j",{n:i.length,value:v(i.reduce((l,f)=>l+f.value,0))})}</p>`:null}
<p class="sum">
${s===1?"":m`<span>1/${s} · </span>`}<span>Σ ${v(o.reduce((l,f)=>l+f.value,0))}</span>
${r.map(({label:l,value:f})=>m`<span> + ${l} ${v(f)}</span>`)}
<span> = <b>${v(n)}</b></span>
</p>
</div>`}function Ri({open:t,name:e,row:n,col:o,value:s}){let[r,a]=H(null);if(J(()=>a(null),[t,e,n,o]),!/^d[^_]+$/u.test(e))return null;if(!r)return m`<button class="button is-quiet" onClick=${()=>a(fo(t.problem,t.values,e,n,o))}>${d("1k")}</button>`;let i=Math.abs(r.value-s),c=i<=1e-6*Math.max(1e-4,Math.abs(s))||i<=10*r.error;return m`<p class="numeric" data-numeric=${Rt(r.value)}>
${d("1l")}: <b>${v(r.value,8)}</b><br />
<span class=${c?"is-good":"is-bad"}>${c?"✓ ":"✗ "}${d(c?"1m":"1n",{difference:v(i,2)})}</span>
</p>`}function Fi({open:t,name:e,col:n}){let{session:o,k:s}=S();if(!Ge(e).includes("o"))return null;let r=o.dataAt(s),a=t.problem.batch[n],i=l=>E(r.X,l,a),c=Array.from({length:Math.min(3,r.X.rows)},(l,f)=>`${r.names?.[f]??`x${f+1}`} = ${v(i(f),3)}`),u=r.classes&&r.kind!=="numbers"?r.classes[Jt(r,a)]:v(E(r.Y,0,a));return m`<p class="quiet note">${d("1a",{col:n,i:a,inputs:`${c.join(", ")}${r.X.rows>3?", …":""}`,target:u})}</p>`}var[wr,Qe]=[260,44];function Di({name:t,row:e,col:n}){let{session:o,k:s}=S();if(!/^[Wb]\d+$/.test(t)||!o.kept||o.latest.t<2)return null;let r=[...o.kept.values(),o.latest].sort((g,y)=>g.t-y.t),a=Math.ceil(r.length/120),i=r.filter((g,y)=>y%a===0||y===r.length-1).map(({t:g,parameters:y})=>[g,E(y[t],e,n)]),c=i.map(([,g])=>g),[u,l]=[Math.min(...c),Math.max(...c)],f=g=>g/o.latest.t*wr,h=g=>Qe-4-(g-u)/(l-u||1)*(Qe-8),p=d("1b",{first:v(c[0]),last:v(c.at(-1)),n:o.latest.t});return m`<figure class="history">
<figcaption class="quiet note">${p}</figcaption>
<svg viewBox=${`0 0 ${wr} ${Qe}`} class="curve" role="img" aria-label=${p}>
<path
class="line"
d=${i.map(([g,y],_)=>`${_?"L":"M"}${f(g).toFixed(1)} ${h(y).toFixed(1)}`).join("")}
/>
<line class="axis" x1=${f(s-1)} x2=${f(s-1)} y1="0" y2=${Qe} />
</svg>
</figure>`}function vr(){let{cursor:t,session:e}=S(),[n,o]=H(""),s=D(),r=t&&we(s.values,t.name);if(J(()=>o(""),[t]),!r)return m`<section
class="card inspector"
aria-label=${d("15")}
><p class="quiet">${d("16")}</p></section>`;let{name:a}=t,[i,c]=[Math.min(t.row,r.rows-1),Math.min(t.col,r.cols-1)],u=E(r,i,c),l=Ke(s,a,i,c),f=/^[Wb]\d+$/.test(a),h=Fe().id!==a&&s.steps.some(({id:g})=>g===a),p=async()=>o(await Ve(Rt(u))?d("1e"):"");return m`<section class="card inspector" aria-labelledby="inspector-title">
<h3 id="inspector-title">${d("15")}</h3>
<p class="inspector-head"><${dt} name=${a} /><span class="index">[${i}, ${c}]</span><span class="inspector-value">${v(u,6)}</span></p>
${l?m`<dl>
<dt>${d("1g")}</dt>
<dd class="formula">${l.symbols}</dd>
${l.puts?m`<dt>${d("1h")}</dt><dd class="formula">${l.puts} = <b>${v(u)}</b></dd>`:null}
</dl>`:m`<p class="quiet">${d(f?"19":e.isRecorded?"18":"17")}</p>`}
<${Fi} open=${s} name=${a} col=${c} />
<${Di} name=${a} row=${i} col=${c} />
${l?.terms?m`<${Li} explanation=${l} values=${s.values} result=${u} />`:null}
<dl>
<dt>${d("1c")}</dt>
<dd class="exact">
<code data-exact=${Rt(u)}>${Rt(u)}</code>
<button class="button is-quiet is-small" onClick=${p}>${n||d("1d")}</button>
</dd>
${l?m`<dt>${d("1f")}</dt><dd><code>${l.code}</code></dd>`:null}
</dl>
${e.isRecorded?null:m`<${Ri} open=${s} name=${a} row=${i} col=${c} value=${u} />`}
${h?m`<button
class="button is-quiet"
onClick=${()=>mt({name:a,row:i,col:c})}
>${d("1o")}</button>`:null}
</section>`}function Wi(t){return t.replace(/^(\s*)(?:r?"""[\s\S]*?""")\s*\n/m,"")}var Hi={linear:/return W @ A_prev/,back:/return cache\[1\]\.T @ dZ/,weights:/return dZ @ A_prev\.T|weight_gradients\(/,bias:/dZ\.sum|weight_gradients\(/,slot:/^\s*[vs] = /,update:/return theta|return \(theta/};function kr({step:t}){let{session:e}=S(),{sources:n,formulas:o}=e.lesson,s=n?.[t.equation]??Zt.sources[t.equation],r=o?.[t.equation]??Zt.formulas[t.equation];if(!s)return t.equation?m`<section class="card source"><h3>${d("11")}</h3><p class="quiet">${d("12")}</p></section>`:null;let a=Wi(s.text).trimEnd().split(`
`),i=Hi[t.kind]??/^\s*return /,c=a.findLastIndex(u=>i.test(u));return m`<section class="card source" aria-labelledby="source-title">
<h3 id="source-title">${d("11")}</h3>
<p class="quiet">${d("13",s)}</p>
${r?m`<p class="formula">${r}</p>`:null}
<pre tabindex="0" role="region" aria-label=${t.equation}><code>${a.map((u,l)=>m`<span
class=${l===c?"is-current":""}
aria-current=${l===c?"true":void 0}
>${u}${`
`}</span>`)}</code></pre>
</section>`}var Ui=7,[xr,mo]=[220,96];function Mr({step:t}){let{session:e}=S(),{layer_dims:n}=e.network,o=l=>14+l*(xr-28)/(n.length-1),s=l=>Math.min(n[l],Ui),r=(l,f)=>mo/2+(f-(s(l)-1)/2)*Math.min(13,(mo-14)/s(l)),i={linear:t.layer,weights:t.layer,back:t.layer+1,update:t.layer,slot:t.layer,decay:t.layer}[t.kind],c=t.kind==="loss"||t.kind==="cost"?n.length-1:t.layer,u=l=>Array.from({length:s(l)},(f,h)=>h);return m`<svg
class="small-network"
viewBox=${`0 0 ${xr} ${mo}`}
role="img"
aria-label=${d("w",{part:`${d(`phase.${t.phase}`)}, ${d("2o",{l:t.layer})}`})}
>
${n.slice(1).map((l,f)=>u(f).map(h=>u(f+1).map(p=>m`<line
class=${i===f+1?"is-lit":""}
x1=${o(f)}
y1=${r(f,h)}
x2=${o(f+1)}
y2=${r(f+1,p)}
/>`)))}
${n.map((l,f)=>u(f).map(h=>m`<circle
class=${c===f?"is-lit":""}
cx=${o(f)}
cy=${r(f,h)}
r="4.5"
/>`))}
</svg>`}var tn=(t,e)=>({name:t,row:e,col:null}),en=(t,e)=>({name:t,row:null,col:e}),St=(t,e,n)=>({name:t,row:e,col:n}),Bi={linear:[(t,e)=>tn(t,e),(t,e,n)=>en(t,n),(t,e)=>tn(t,e)],weights:[(t,e)=>tn(t,e),(t,e)=>en(t,e),St],bias:[(t,e)=>St(t,e,0)],back:[(t,e,n)=>tn(t,n),(t,e,n)=>en(t,n)],activation:[(t,e,n,{equation:o})=>o==="softmax"?en(t,n):St(t,e,n)],loss:[(t,e,n)=>St(t,0,n),(t,e,n)=>St(t,0,n)],cost:[t=>St(t,0,0),t=>St(t,0,0)]};function Sr(t,e,n,o){let[s,...r]=t.tokens.filter(c=>typeof c=="object"),a=r.findIndex(c=>c.name===e);return a<0||t.kind==="batch"||t.kind==="recorded"?[]:[(Bi[t.kind]?.[a]??St)(s.name,n,o,t)]}function Yi(){let t=Y(null),[e,n]=H(800);return st(()=>{let o=new ResizeObserver(([{contentRect:s}])=>n(s.width));return o.observe(t.current),()=>o.disconnect()},[]),[t,e]}function Xi({open:t,step:e,lit:n}){let[o,s]=Yi(),r=e.tokens.map(u=>typeof u=="string"?u:{...u,matrix:we(t.values,u.name)}),a=r.filter(u=>typeof u=="object"),i=a.map(({matrix:u,transposed:l})=>l?u.rows:u.cols),c=$r(s,i,r.filter(u=>typeof u=="string"));return m`<div class="operands" ref=${o}>
${r.map((u,l)=>typeof u=="string"?m`<span class="sign" key=${l}>${u}</span>`:m`<${gr} key=${l} ...${u} size=${c} lit=${n} result=${u===a[0]} />`)}
</div>`}function Tr(){let{session:t,cursor:e,k:n}=S(),o=D(),s=Fe(),r=e&&Ke(o,e.name,e.row,e.col),a=e?Sr(s,e.name,e.row,e.col):[],i=a.length?a:r?.lit??[],{optimizer:c}=o.problem.training,u=s.formula??s.tokens.map(l=>typeof l=="string"?l:`${l.name}${l.transposed?"ᵀ":""}`).join(" ");return m`<div class="lab">
<h1 class="visually-hidden">${d("screen.lab")}</h1>
<${ur} />
<div class=${`lab-head phase-${s.phase}`}>
<div class="lab-head-text">
<p class="lab-where">
${d("s",{k:n})} · ${d("t",{e:t.epochOf(n)})} · <b class="phase-word">${d(`phase.${s.phase}`)}</b>
</p>
<h2 class="lab-equation" aria-label=${u}><${lr}
step=${s}
optimizer=${c}
output=${t.network.output}
/></h2>
<p class="lab-sentence">${Le(t,s)}</p>
</div>
<${Mr} step=${s} />
</div>
<div class="lab-body">
<div class="lab-main">
<section class="card lab-matrices" aria-label=${d("v")}>
<${Xi} open=${o} step=${s} lit=${i} />
<p class="quiet note">${d("14")}</p>
</section>
<${kr} step=${s} />
</div>
<div class="lab-side"><${vr} />${t.isRecorded?m`<${Ze} />`:null}</div>
</div>
</div>`}var zi={start:"M5 4v12M16 4l-8 6 8 6z",updateBack:"M10 4l-7 6 7 6zM17 4l-7 6 7 6z",back:"M14 4l-8 6 8 6z",play:"M6 3l11 7-11 7z",pause:"M6 3h3v14H6zM12 3h3v14h-3z",next:"M6 4l8 6-8 6z",updateNext:"M3 4l7 6-7 6zM10 4l7 6-7 6z",epochNext:"M3 4l8 6-8 6zM15 4v12"};function Ji({name:t}){return m`<svg viewBox="0 0 20 20" aria-hidden="true" class="icon"><path d=${zi[t]} /></svg>`}function Tt({name:t,label:e,onClick:n,strong:o,disabled:s,keys:r,text:a}){return m`<button
class=${`press${o?" is-strong":""}`}
aria-label=${e}
title=${r?`${e} (${r})`:e}
data-action=${t}
disabled=${s}
onClick=${n}
>
<${Ji} name=${t} />${a?m`<span class="press-text">${a}</span>`:null}
</button>`}function Zi(){let{born:t,ended:e,server:n}=S();if(!t&&!e)return null;let o=()=>{x({born:null,ended:""}),e?n.send({do:"restart"}):F(1)};return m`<div class="born" role="alert" data-stopped>
${t?m`<p><b>${d("24",{name:t.name})}</b> ${d("25",{...t,value:v(t.value)})}</p>
<button class="button" onClick=${Ss}>${d("26")}</button>`:m`<p><b>${d("27")}</b> ${e}</p>`}
<button class="button" data-action="again" onClick=${o}>${d("28")}</button>
</div>`}function Ar(){let{session:t,k:e,micro:n,unit:o,speed:s,screen:r,job:a}=S(),i=$.playing||a,c=r==="lab",{steps:u}=D(),l=D().values.get("J"),f=c?{label:d("3w"),max:u.length-1,value:n,on:h=>It(h),text:u[n].id}:{label:d("3x"),max:Math.max(1,t.latest.t),value:e-1,on:h=>F(h+1),text:d("3y",{n:e-1})};return m`<section class="transport" aria-busy=${a?"true":void 0} aria-label=${d("3k")}>
<${Zi} />
<div class="transport-scrub">
<input
type="range"
min="0"
max=${f.max}
value=${f.value}
aria-label=${f.label}
aria-valuetext=${f.text}
onInput=${h=>f.on(Number(h.target.value))}
/>
</div>
<div class="transport-state">
<b data-updates=${e-1}>${d("3y",{n:e-1})}</b>
<span>${d("3z",{value:v(l)})}</span>
</div>
<div class="transport-presses">
<${Tt}
name="start"
label=${d("3l")}
onClick=${()=>F(1,c?0:n)}
disabled=${e===1&&(n===0||!c)}
/>
<${Tt} name="updateBack" label=${d("3r")} keys="[" onClick=${()=>Bt(-1)} disabled=${e===1} />
${c?m`<${Tt}
name="back"
label=${d("3o")}
keys="←"
onClick=${()=>qt(-1)}
disabled=${e===1&&n===0}
/>`:null}
<${Tt}
name=${i?"pause":"play"}
label=${d(i?"3n":"3m")}
keys="Space"
strong=${!0}
onClick=${()=>le()}
/>
${c?m`<${Tt} name="next" label=${d("3p")} keys="→" onClick=${()=>qt(1)} />`:null}
${c?m`<${Tt}
name="epochNext"
label=${d("3q")}
keys="Shift →"
onClick=${()=>De(1)}
text=${d("3q")}
/>`:null}
<${Tt}
name="updateNext"
label=${d("3s")}
keys="]"
onClick=${()=>Bt(1)}
text=${d("3s")}
/>
${c?null:m`<${Tt}
name="epochNext"
label=${d("3t")}
onClick=${En}
text=${d("3t")}
/>`}
</div>
<div class="transport-choices">
<label>${d("3u")}
<select value=${o} onChange=${h=>x({unit:h.target.value})}>
${(c?["micro","update","epoch"]:["update","epoch"]).map(h=>m`<option value=${h}>${d(`bar.unit.${h}`)}</option>`)}
</select>
</label>
<label>${d("3v")}
<input type="range" min="0" max="4" value=${s} onInput=${h=>x({speed:Number(h.target.value)})} />
</label>
</div>
</section>`}var Gi=1500;function ho({parameters:t,data:e}){let n=2166136261;for(let{data:o}of[...Object.values(t),e.X,e.Y])for(let s of new Uint32Array(o.buffer))n=Math.imul(n^s,16777619);return(n>>>0).toString(36)}var Cr=({parameters:t})=>t===$.carried?.parameters,nn=()=>$.session.log?.length?JSON.stringify($.session.log):"";function $o(){return!Cr($.session.lesson)&&!$.session.lesson.toy?"4h":nn().length>Gi?"4i":""}function on(){let{screen:t,session:e,k:n,micro:o,cursor:s}=$,r={s:t};if(e){let{lesson:a}=e;Object.assign(r,{k:n,q:e.open(n).steps[o]?.id}),(s?.row||s?.col)&&(r.c=`${s.row},${s.col}`),Cr(a)?r.l=ho(a):a.toy&&(r.n=JSON.stringify(a.toy)),nn()&&!$o()&&(r.e=nn())}return new URLSearchParams(Object.entries(r).filter(([,a])=>a!==void 0)).toString()}function go(t=location.hash){let{s:e,k:n,q:o,c:s,l:r,n:a,e:i}=Object.fromEntries(new URLSearchParams(t.slice(1))),c=Number(n);return{screen:e,k:Number.isSafeInteger(c)&&c>0?c:1,id:o,cell:s?.split(",").map(Number),mark:r,toy:a&&JSON.parse(a),log:i&&JSON.parse(i)}}function Er({screen:t,k:e,id:n,cell:o,log:s}){let{session:r}=$,a=()=>{["play","lab","home"].includes(t)&&yt(r.isRecorded&&t==="play"?"lab":t),F(e,1,()=>{let c=D().steps.findIndex(u=>u.id===n);c>=0&&F($.k,c),o?.every(Number.isInteger)&&Yt({...$.cursor,row:o[0],col:o[1]}),_t()})};if(!s||r.isRecorded||JSON.stringify(s)===nn())return a();Hn(s,r.lesson);let i=new pt({...r.lesson,resume:void 0});ce(i.replaying(s),()=>{x({session:i}),a()})}var Or=0;function Nr(){addEventListener("hashchange",()=>location.reload()),zo(()=>{clearTimeout(Or),!$.playing&&(Or=setTimeout(()=>{try{$.job||history.replaceState(null,"",`#${on()}`)}catch{}},300))})}var bo=t=>t.replace(/[&<>"]/g,e=>({"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;"})[e]);async function Vi(){let t=s=>[...document.querySelectorAll(s)].map(r=>r.textContent).join(`
`),e=async s=>s?(await fetch(s)).text():"",n=t("style")||await e(document.querySelector('link[rel="stylesheet"]')?.getAttribute("href")),o=t("script:not([src]):not([type])")||await e(document.querySelector("script[src]")?.getAttribute("src"));return{css:n,js:o}}async function Pr(t){let e=await crypto.subtle.digest("SHA-256",new TextEncoder().encode(t));return`'sha256-${btoa(String.fromCharCode(...new Uint8Array(e)))}'`}async function Ki({css:t,js:e}){let n=globalThis.crypto?.subtle?await Promise.all([Pr(e),Pr(t)]):["'unsafe-inline'","'unsafe-inline'"];return`default-src 'none'; script-src ${n[0]}; style-src ${n[1]}; img-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`}async function Ir(t){let e=await Vi(),n=document.documentElement;return`<!doctype html>
<html lang="${bo(n.lang||"en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${bo(await Ki(e))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${bo(t.title)}</title>
<style>${e.css}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="deepstep-lesson">${pe(t)}<\/script>
<script>${e.js}<\/script>
</body>
</html>
`}function qr(t,e){let{lesson:n}=t,o=t.isRecorded||!(t.latest.t||t.log.length)?void 0:t.standing();return{...n,resume:o,place:e}}var Qi=4e5,tc={null:"None",true:"True",false:"False"},ee=t=>JSON.stringify(t).replace(/\b(null|true|false)\b/g,e=>tc[e]),sn=t=>`unpacked(${ee(Rn(t))})`;function jr(t,e){let{lesson:n,network:o}=t,s=t.changedFrom===1/0&&e<(n.recorded?.at(-1)?.step??0);if(t.isRecorded||s&&n.code&&!t.beginning(e))return n.code.replace(/^shown = 1\b/m,`shown = ${e+1}`);let r=t.beginning(e),a=t.state(r),{X:i,Y:c}=t.dataAt(r+1),u=i.data.length+c.data.length+t.size;if(u>Qi)return`# ${u} numbers are too many for code: save the lesson instead.
`;let l=t.trainingAt(r+1),f=t.log.filter(({t:_})=>_>r&&_<=e),h=o.activations.slice(0,-1),p=a.forgotten&&R[l.optimizer].state.length,g=Object.entries(a.slots),y=Math.min(t.changedFrom-1,n.batches?.length??0);return`"""The network after ${e} updates of the page, ${r?`those after the first ${r} done again`:"done again"}; then the next one, opened."""
from deepstep import Network
from deepstep.explorer import replay, unpacked

X = ${sn(i)}
Y = ${sn(c)}
parameters = {
${Object.entries(a.parameters).map(([_,b])=>`    "${_}": ${sn(b)},`).join(`
`)}
}
network = Network(
    ${ee(o.layer_dims)},
    activation=${ee(h.length?h:"relu")},
    output=${ee(o.output)},
    parameters=parameters,
    seed=${o.seed??1},
)
step = replay(
    network,
    X,
    Y,
    updates=${e},
    training=${ee({...l,beyond:void 0})},
${f.length?`    changes=[
${f.map(_=>`        ${ee(_)},
`).join("")}    ],
`:""}${y?`    drawn=${y},
`:""}${r?`    start=${r},
`:""}${g.length?`    slots={
${g.map(([_,b])=>`        "${_}": ${sn(b)},
`).join("")}    },
`:""})
${p?`# Python trained up to there: the memory of its optimizer is not known here, and begins at zero.
`:""}print(step.trace())  # every quantity; step.before are the parameters before it
`}var ec=15e4,Lr=4e3,nc=t=>t.toLowerCase().replace(/[^a-z0-9]+/g,"-").replace(/^-|-$/g,"")||"deepstep";function Rr(){let{session:t,k:e}=S(),[n,o]=H(""),s=qr(t,on()),[r]=H(()=>ec+pe(s).length),a=jr(t,e-1),i=nc(s.title),c=async()=>{let p=await Ir(s);lo(`${i}.html`,p,"text/html"),o(d("4b",{name:`${i}.html`,size:Xe(new Blob([p]).size)}))},u=()=>{let p=pe(s);lo(`${i}.json`,p,"application/json"),o(d("4b",{name:`${i}.json`,size:Xe(p.length)}))},l=async p=>await Ve(p)&&o(d("4g")),f=s.origin==="server"?"":$o(),h=`${location.href.split("#")[0]}#${on()}`;return m`<section>
<h3>${d("48")}</h3>
<p class="quiet">${d("49",{size:Xe(r)})}</p>
<div class="row">
<button class="button" data-action="export" onClick=${c}>${d("4a")}</button>
<button class="button is-quiet" onClick=${u}>${d("4c")}</button>
${s.origin==="server"||f==="4h"?null:m`<button class="button is-quiet" data-action="link" onClick=${()=>l(h)}>${d("4f")}</button>`}
</div>
${f?m`<p class="note" data-lacks>${d(f,{n:t.log.length})}</p>`:null}
</section>
<section>
<h3 id="code-title">${d("4d")}</h3>
${a.startsWith("# ")?m`<p data-code="none">${a.slice(2)}</p>`:m`<pre
class="code"
tabindex="0"
role="region"
aria-labelledby="code-title"
><code>${a.length>Lr?`${a.slice(0,Lr)}…`:a}</code></pre>
<button class="button is-quiet" data-action="copy-code" onClick=${()=>l(a)}>${d("4e")}</button>`}
</section>
<p role="status">${n}</p>`}var oc=1e5;function Fr(){let[t,e]=H([]),[n,o]=H(!1);J(()=>{let{problem:a,values:i,steps:c}=D(),u=c.filter(({phase:g})=>g==="backward").map(({id:g})=>g),l=Object.values(a.parameters).reduce((g,{data:y})=>g+y.length,0),f=_r(a,i,u,l>oc?2:24),h=!1,p=()=>{if(h)return;let{value:g}=f.next();if(!g)return o(!0);e(y=>[...y,g]),setTimeout(p,0)};return setTimeout(p,0),()=>h=!0},[]);let s=t.filter(({passed:a})=>!a).length,r=n?s?d("1z",{n:s}):d("1y",{n:t.length}):d("20");return m`<p>${d("1r")}</p>
<div class="table-scroll">
<table class="plain" data-done=${n?"true":"false"} data-wrong=${s}>
<thead><tr><th>${d("1s")}</th><th>${d("1t")}</th><th>${d("1u")}</th><th>${d("1v")}</th></tr></thead>
<tbody>${t.map(({name:a,checked:i,of:c,difference:u,passed:l})=>m`<tr key=${a}>
<th scope="row"><${dt} name=${a} /></th><td>${i} / ${c}</td><td>${v(u,2)}</td>
<td class=${l?"is-good":"is-bad"}>${d(l?"1w":"1x")}</td>
</tr>`)}</tbody>
</table>
</div>
<p role="status"><b>${r}</b></p>`}var sc=12;function Dr(){let[t,e]=H(""),n=t.trim().toLowerCase().replaceAll("'","′"),o=D().steps.filter(({id:a})=>a.toLowerCase().startsWith(n)),s=a=>{x({dialog:null}),mt({name:a,row:0,col:0})};return m`<form onSubmit=${a=>{a.preventDefault(),o.length&&s(o[0].id)}}>
<label class="field">${d("4k")}
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
${o.slice(0,sc).map(({id:a,phase:i})=>m`<li key=${a}><button
type="button"
class=${`ribbon-step phase-${i}`}
onClick=${()=>s(a)}
><${dt} name=${a} /></button></li>`)}
</ul>
${o.length?null:m`<p class="quiet">${d("4l")}</p>`}
</form>`}var rc=[["Space","4n"],["←  →","4o"],["Shift ←  →","4p"],["[  ]","4q"],["/","4r"],["?","4s"]];function ac(){let{singleKeys:t}=S();return m`<dl class="keys">${rc.map(([e,n])=>m`<dt><kbd>${e}</kbd></dt><dd>${d(n)}</dd>`)}</dl>
<p class="quiet">${d("4t")}</p>
<p class="quiet">${d("4v")}</p>
<label class="choice"><input
type="checkbox"
checked=${t}
onChange=${e=>x({singleKeys:e.target.checked})}
/> ${d("4u")}</label>`}var ic={help:{title:"4m",Body:ac},find:{title:"4j",Body:Dr},share:{title:"47",Body:Rr},check:{title:"1p",Body:Fr}};function Wr(){let{dialog:t}=S(),e=Y(null);st(()=>{t&&!e.current.open&&e.current.showModal(),!t&&e.current.open&&e.current.close()},[t]);let{title:n,Body:o}=ic[t]??{};return m`<dialog ref=${e} aria-labelledby="dialog-title" onClose=${()=>x({dialog:null})} onClick=${r=>r.target===e.current&&e.current.close()}>
${o?m`<div class="dialog-body">
<div class="dialog-head">
<h2 id="dialog-title">${d(n)}</h2>
<button
class="button is-quiet is-round"
aria-label=${d("7")}
onClick=${()=>e.current.close()}
>✕</button>
</div>
<${o} />
</div>`:null}
</dialog>`}var _o=t=>`./${t}${location.search}`,Ur=()=>document.getElementById("app").dataset.source==="server";async function Br(){let t=await fetch(_o("lesson"));if(!t.ok)throw new Error("server.refused");let e=await t.json();if(Ue(e),$.session.isRecorded)return;let n=new EventSource(_o("events")),o=a=>fetch(_o("command"),{method:"POST",headers:{"Content-Type":"application/json"},body:JSON.stringify(a)}),s=()=>{n.close(),x({server:{on:!1},playing:!1,ended:""})},r=()=>{o({do:"stop"}),s()};n.onmessage=({data:a})=>Hr(JSON.parse(a),s),n.onerror=s,x({server:{on:!0,send:o,leave:r}}),e.now?.step&&Hr({kind:"epoch",...e.now},s)}function Hr(t,e){let{session:n}=$;if(t.kind==="closed")return e();if(t.kind==="end"){$.unit!=="micro"&&x({playing:!1}),t.why&&x({ended:t.why,playing:!1});return}let{parameters:o,slots:s}=ue({format:"deepstep-lesson",version:1,parameters:t.parameters,slots:t.slots});t.step<n.latest.t&&(n=new pt(n.lesson),x({session:n,ended:""})),t.step&&n.arrive(t.step,o,Number(t.cost),s),F(t.step+1,$.unit==="micro"?0:$.micro),_t()}function Yr(){let{server:t}=S();return t?m`<p class="check" data-server=${t.on?"on":"off"}>${d(t.on?"4w":"4x")}</p>`:null}var Xr={home:Jn,play:ir,lab:Tr};function cc(){let{check:t}=S();if(!t)return null;let e=t.difference<1e-9,n=v(t.difference,2);return m`<p
class=${`check ${e?"is-good":"is-bad"}`}
title=${d("23",{n:t.compared})}
data-difference=${String(t.difference)}
>
${e?d("21",{difference:n}):d("22",{name:t.worst,difference:n})}
</p>`}function lc(){let{session:t}=S(),{notes:e=[]}=t.lesson,o=[...t.isRecorded?[d("8",{parts:Ut(t.lesson).join(", "),numbers:t.numbers.join(", ")})]:[],...e];return o.length?m`<ul class="notes">${o.map(s=>m`<li key=${s}>${s}</li>`)}</ul>`:null}function zr(){let{screen:t,session:e,live:n,error:o}=S(),s=e?Xr[t]:Jn;return J(()=>{document.title=`${e?`${e.lesson.title} · `:""}${d(`screen.${t}`)} · ${d("0")}`,globalThis.scrollTo?.(0,0),document.activeElement===document.body&&document.getElementById("main")?.focus({preventScroll:!0})},[t,e]),m`
<a
class="skip"
href="#main"
onClick=${r=>(r.preventDefault(),document.getElementById("main").focus())}
>${d("2")}</a>
<header class="top">
<p class="brand"><span class="brand-mark" aria-hidden="true"></span>${d("0")}</p>
<nav aria-label=${d("3")} class="tabs">
${Object.keys(Xr).map(r=>m`<button
key=${r}
data-screen=${r}
aria-current=${t===r?"page":void 0}
disabled=${r!=="home"&&(!e||r==="play"&&e.isRecorded)}
onClick=${()=>yt(r)}
>${d(`screen.${r}`)}</button>`)}
</nav>
<${cc} />
<${Yr} />
<div class="top-actions">
${e?m`<button
class="button is-quiet"
data-open="find"
onClick=${()=>x({dialog:"find"})}
title=${`${d("6")} (/)`}
><span aria-hidden="true">⌕</span><span class="hide-narrow"> ${d("6")}</span><span class="only-narrow visually-hidden">${d("6")}</span></button>
${e.isRecorded?null:m`<button
class="button is-quiet"
data-open="check"
onClick=${()=>x({dialog:"check",playing:!1})}
>${d("1q")}</button>`}
<button
class="button"
data-open="share"
onClick=${()=>x({dialog:"share",playing:!1})}
>${d("4")}</button>`:null}
<button
class="button is-quiet is-round"
aria-label=${d("5")}
title=${`${d("5")} (?)`}
onClick=${()=>x({dialog:"help"})}
>?</button>
</div>
</header>
<main
id="main"
tabindex="-1"
class=${`screen-${t}`}
>${o?m`<p class="error" role="alert" data-error>${o}</p>`:null}${e&&t!=="home"?m`<${lc} />`:null}<${s} /></main>
${e&&t!=="home"?m`<${Ar} />`:null}
<${Wr} />
<p class="visually-hidden" aria-live="polite" role="status">${n}</p>
`}var Jr="input, select, textarea, [contenteditable]",uc=`${Jr}, button, summary, a`;function pc(t){let{key:e,shiftKey:n,target:o}=t;if(e==="?")return()=>x({dialog:$.dialog==="help"?null:"help"});if($.dialog||!$.session||$.screen==="home")return null;if(e===" ")return o.closest(uc)?null:()=>le();if(e==="/")return()=>x({dialog:"find"});if(e==="[")return()=>Bt(-1);if(e==="]")return()=>Bt(1);if($.screen!=="lab")return null;let s={ArrowLeft:-1,ArrowRight:1}[e];return!s||o.closest("pre")?null:()=>n?De(s):qt(s)}function Zr(){document.body.addEventListener("keydown",t=>{if(t.defaultPrevented||t.ctrlKey||t.metaKey||t.altKey||!$.singleKeys||t.target.closest(Jr))return;let e=pc(t);e&&(t.preventDefault(),e())})}function dc(){let t=document.getElementById("deepstep-lesson");try{t&&Ue(JSON.parse(t.textContent))}catch(e){x({session:null,screen:"home",error:Be(e)})}Gr()}function Gr(){try{let t=go();if(t.toy)kt(Un(t.toy),t.screen);else if(t.mark&&$.session&&t.mark!==ho($.session.lesson))throw new Error("other");let e=t.screen?t:go(`#${$.session?.lesson.place??""}`);$.session&&e.screen&&Er(e)}catch(t){x({error:d("error.link",{why:Be(t,d("error.copy"))})})}}async function fc(){Ur()?(await Br().catch(()=>x({error:d("error.server.refused")})),$.session&&Gr()):dc()}fc().then(()=>{hn(m`<${zr} />`,document.getElementById("app")),Zr(),Ws(),Nr(),globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change",()=>x({})),requestAnimationFrame(()=>{globalThis.deepstepReady=!0})});})();
