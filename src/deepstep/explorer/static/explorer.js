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
(()=>{var O,Kn,ks,dt,Xe,_e,Qn,he,tr,Ge,Je,As,Gt=Symbol.for("pv"),be={},ge=[],Ms=/^m(i|n|o|s|text|space)$/,Ve=Array.isArray,Ke=ge.slice,vt=Object.assign;function xt(t){t&&t.parentNode&&t.remove()}function er(t,e,n){var r,o,s,a={},i=arguments.length;for(s in e)s=="key"?r=e[s]:s=="ref"&&typeof t!="function"?o=e[s]:a[s]=e[s];return i>2&&(a.children=i>3?Ke.call(arguments,2):n),Jt(t,a,r,o,null)}function Jt(t,e,n,r,o){var s={type:t,props:e,key:n,ref:r,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Gt,__v:o||++Kn,__i:-1,__u:0};return!o&&O.vnode&&O.vnode(s),s}function Vt(t){return t.children}function ye(t,e){this.props=t,this.context=e,this.__g=0}function ft(t,e){if(e==null)return t.__&&ft(t.__,t.__i+1);for(var n;e<t.__k.length;e++)if((n=t.__k[e])&&n.__e)return n.__e;return typeof t.type!="function"||t.props.__P?null:ft(t)}function Ss(t){var e,n=t.__v,r=n.__e,o=[],s=[],a=t.__P;a&&((e=vt({constructor:Gt},n)).__v=n.__v+1,O.vnode&&O.vnode(e),Qe(a,e,n,t.__n,a.namespaceURI,32&n.__u?[r]:null,o,r||ft(n),32&n.__u,s),e.__v=n.__v,e.__.__k[e.__i]=e,ir(o,e,s),n.__=n.__e=null,e.__e!=r&&nr(e))}function nr(t){if((t=t.__)&&t.__c&&!t.props.__P)return t.__e=null,t.__k.some(function(e){return e&&(t.__e=e.__e)}),nr(t)}function Gn(t){(8&t.__g||(t.__g|=8,dt.push(t),_e++))&&Xe==O.debounceRendering||((Xe=O.debounceRendering)||queueMicrotask)(rr)}function rr(){try{for(var t,e=1;dt.length;)dt.length>e&&dt.sort(Qn),t=dt.shift(),e=dt.length,8&t.__g&&Ss(t)}finally{(_e=dt.length)&&(Xe||queueMicrotask)(rr)}}function or(t,e,n,r,o,s,a,i,c,p,l){var d,h,f,$,_,b,g=r.__k||ge,w=e.length;for(c=Ts(n,e,g,c,w),d=0;d<w;d++)(f=n.__k[d])!=null&&(h=~f.__i&&g[f.__i]||be,f.__i=d,b=Qe(t,f,h,o,s,a,i,c,p,l),$=f.__e,(h.ref!=f.ref||8&h.__u)&&(h.ref&&tn(h.ref,null,f,h),f.ref&&l.push(f.ref,f.__c||$,f)),_=_||$,4&f.__u?(c=sr(f,c,t,!h.__v),h.__e&&(h.__e=null)):typeof f.type=="function"&&b!==void 0?c=b:$&&(c=$.nextSibling),f.__u&=-21);return n.__e=_,c}function Ts(t,e,n,r,o){var s,a,i,c,p,l,d,h,f,$=n.length,_=$,b=0,g=0,w=t.__k=Array(o);for(s=0;s<o;s++)(a=e[s])!=null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=w[s]=Jt(null,a):Ve(a)?a=w[s]=Jt(Vt,{children:a}):a.constructor===Gt&&a.__b?a=w[s]=Jt(a.type,a.props,a.key,a.ref,a.__v):w[s]=a,c=s+b,a.__=t,a.__b=t.__b+1,i=null,~(p=a.__i=Es(a,n,c,_))&&(_--,(i=n[p])&&(i.__u|=2)),i&&i.__v?(a.__u|=16,p==c-1?b--:p==c+1?b++:p!=c&&(p>c?b--:b++,g=1)):(~p||(o>$?b--:o<$&&b++),typeof a.type!="function"&&(a.__u|=4))):w[s]=null;if(g){for(l=[],d=[],s=0;s<o;s++)if((a=w[s])&&16&a.__u){for(b=0,h=l.length;b<h;)l[f=b+h>>1]<a.__i?b=f+1:h=f;l[b]=a.__i,d[s]=b+1}for(b=l.length;s--;)d[s]&&(d[s]==b?b--:w[s].__u|=4)}if(_)for(s=0;s<$;s++)!(i=n[s])||2&i.__u||(i.__e==r&&(r=ft(i)),en(i,i));return r}function sr(t,e,n,r){var o,s,a,i;if(typeof t.type=="function"){if(t.props.__P)return e;if(o=t.__k)for(s=0;s<o.length;s++)o[s]&&(o[s].__=t,e=sr(o[s],e,n,!1));return e}for(e&&!e.parentNode&&(e=ft(t))&&!e.parentNode&&(e=null),a=t.__e,i=e;i&&i.nodeType==8;)i=i.nextSibling;for(a!=i&&(!r&&n.moveBefore&&a.parentNode?n.moveBefore(a,e):n.insertBefore(a,e||null)),e=a;(e=e&&e.nextSibling)&&e.nodeType==8&&!e.data.startsWith("$s"););return e}function Es(t,e,n,r){var o,s=t.key,a=t.type,i=e[n],c=i&&!(2&i.__u);if(i===null&&s==null||c&&s==i.key&&a==i.type)return n;if(r>(c?1:0)){for(o=n-1;o>=0;o--)if((i=e[o])&&!(2&i.__u)&&s==i.key&&a==i.type)return o;for(o=n+1;o<e.length;o++)if((i=e[o])&&!(2&i.__u)&&s==i.key&&a==i.type)return o}return-1}function Vn(t,e,n){n==null&&(n=""),e[0]=="-"?t.setProperty(e,n):t[e]=n}function me(t,e,n,r,o){var s,a;if(e=="style")if(typeof n=="string")t.style.cssText=n;else{if(typeof r=="string"&&(t.style.cssText=r=""),r)for(e in r)n&&e in n||Vn(t.style,e);if(n)for(e in n)r&&n[e]==r[e]||Vn(t.style,e,n[e])}else if(e[0]=="o"&&e[1]=="n")typeof n!="function"&&(n=null),typeof r!="function"&&(r=null),(t.__e||(t.__e={}))[e]=n,n&&r||(a=Je[e]||(Je[e]=Cs(e)),(t.__a||(t.__a={}))[e]=Ge,s=e!=(e=e.replace(tr,"$1")),(e=e.slice(2))[0]<"a"&&(e=e.toLowerCase()),n?t.addEventListener(e,a,s):t.removeEventListener(e,a,s));else{if(o=="http://www.w3.org/2000/svg")e=e.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(e!="width"&&e!="height"&&e!="href"&&e!="list"&&e!="form"&&e!="tabIndex"&&e!="download"&&e!="rowSpan"&&e!="colSpan"&&e!="role"&&e!="popover"&&e in t)try{return void(t[e]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&e[4]!="-"?t.removeAttribute(e):t.setAttribute(e,e=="popover"&&n==1?"":n)}}function Cs(t){return function(e){var n=this.__e;if(n){if(n=n[t],e[he]==null)e[he]=Ge++;else if(e[he]<this.__a[t])return;return n(O.event?O.event(e):e)}}}function Qe(t,e,n,r,o,s,a,i,c,p){var l,d,h,f,$,_,b,g,w,M,T,H,z,B,j,zt,rt,it,G=e.type;if(e.constructor!==Gt)return null;128&n.__u&&(c=32&n.__u,l=n.__c.__z)&&(e.__u|=c,d=s=[],l.nodeType==8?i=$e(l,s):s.push(l),i=s[0]||i),(l=O.__b)&&l(e);t:if(typeof G=="function"){h=a.length;try{if(g=e.props,w=(l=G.prototype)&&l.render,M=(l=G.contextType)&&r[l.__c],T=l?M?M.props.value:l.__:r,(f=n.__c)?(e.__c=f,2&f.__g&&(f.__g|=1)):(w?e.__c=f=new G(g,T):(e.__c=f=new ye(g,T),f.constructor=G,f.render=Ns),M&&M.sub(f),f.state||(f.state={}),f.__n=r,f.__g|=8,f.__h=[],f.__k=[]),w&&(f.__s||(f.__s=f.state),G.getDerivedStateFromProps&&(f.__s==f.state&&(f.__s=vt({},f.__s)),vt(f.__s,G.getDerivedStateFromProps(g,f.__s)))),$=f.props,_=f.state,f.__v=e,n.__c){if(g!==$&&w&&!G.getDerivedStateFromProps&&f.componentWillReceiveProps&&f.componentWillReceiveProps(g,T),e.__v==n.__v&&!(8&f.__g)||!(4&f.__g)&&f.shouldComponentUpdate&&f.shouldComponentUpdate(g,f.__s,T)===!1){e.__v!=n.__v&&(f.props=g,f.state=f.__s,f.__g&=-9),e.__e=n.__e,e.__k=n.__k,e.__k.some(function(Y){Y&&(Y.__=e)}),ge.push.apply(f.__h,f.__k),f.__k=[],f.__h.length&&a.push(f),i=ft(n);break t}f.componentWillUpdate&&f.componentWillUpdate(g,f.__s,T),w&&f.componentDidUpdate&&f.__h.push(function(){f.componentDidUpdate($,_,b)})}else w&&!G.getDerivedStateFromProps&&f.componentWillMount&&f.componentWillMount(),w&&f.componentDidMount&&f.__h.push(f.componentDidMount);f.context=T,f.props=g,f.__P=t,f.__g&=-5,H=O.__r,z=w?25:0;do f.__g&=-9,H&&H(e),l=f.render(f.props,f.state=f.__s,f.context);while(8&f.__g&&++z<25);w&&(ge.push.apply(f.__h,f.__k),f.__k=[]),f.state=f.__s,f.getChildContext&&(r=vt({},r,f.getChildContext())),w&&n.__c&&f.getSnapshotBeforeUpdate&&(b=f.getSnapshotBeforeUpdate($,_)),B=l&&l.type===Vt&&l.key==null?l.props.children:l,g.__P&&(l=i,o=(t=g.__P).namespaceURI,c=s=null,n.props&&n.props.__P!=t&&(n.__k.some(function(Y){Y&&en(Y,Y)}),n.__k=null),i=n.__k?ft(n,0):null),i=or(t,Ve(B)?B:[B],e,n,r,o,s,a,i,c,p),g.__P&&(e.__e=null,i=l),e.__u&=-161,d&&d.some(xt),f.__h.length&&a.push(f),1&f.__g&&(f.__g&=-4)}catch(Y){if(a.length=h,e.__v=null,c||s)if(Y&&Y.then){if(e.__u|=128|c,s){for(~(rt=s.indexOf(i||void 0))||(rt=s.length);(it=s[rt-1])&&it.nodeType==8;)rt--;for(;rt<s.length;rt++)if(it=s[rt])if(s[rt]=null,j){if(it==zt)break}else{if(it.nodeType!=8)break;it.data.startsWith("$s")&&(zt=$e(j=it))}}if(!j){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;j=i}(l=$e(j=e.__c.__z||(e.__c.__z=j)))?(e.__e=j,i=l):e.__e=i,i=i&&i.nextSibling}else s&&s.some(xt);else e.__e=n.__e;e.__k||(e.__k=n.__k||[]),Y&&Y.then||ar(e),O.__e(Y,e,n)}}else i=e.__e=Os(n.__e,e,n,r,o,s,a,c,p,t);return(l=O.diffed)&&l(e),i}function $e(t,e){if(t&&t.nodeType==8&&t.data.startsWith("$s"))for(var n=1;t=t.nextSibling;){if(t.nodeType==8){if(t.data.startsWith("$s"))n++;else if(t.data.startsWith("/$s")&&!--n)return t}e&&e.push(t)}}function ar(t){t&&(t.__c&&(t.__c.__g|=4),t.__k&&t.__k.some(ar))}function ir(t,e,n){for(var r=0;r<n.length;)tn(n[r++],n[r++],n[r++]);O.__c&&O.__c(e,t),t.some(function(o){try{t=o.__h,o.__h=[],t.some(function(s){s.call(o)})}catch(s){O.__e(s,o.__v)}})}function Os(t,e,n,r,o,s,a,i,c,p){var l,d,h,f,$,_,b,g,w=n.props||be,M=e.props,T=e.type;if(T=="svg"?o="http://www.w3.org/2000/svg":T=="math"?o="http://www.w3.org/1998/Math/MathML":o||(o="http://www.w3.org/1999/xhtml"),s){for(l=0;l<s.length;l++)if(($=s[l])&&(T?$.localName==T:$.nodeType==3)){t=$,s[l]=null;break}}if(!t){if(g=p.ownerDocument||document,!T)return g.createTextNode(M);t=g.createElementNS(o,T,M.is?M:p),i&&(O.__m&&O.__m(e,s),i=!1),s=null}if(T){if(p=T=="template"&&t.content||t,s=T=="textarea"&&M.defaultValue!=null?null:s&&Ke.call(p.childNodes),!i&&s)for(w={},l=0;l<t.attributes.length;l++)w[($=t.attributes[l]).name]=$.value;for(l in w)$=w[l],l=="dangerouslySetInnerHTML"?h=$:l=="children"||l in M||l=="value"&&"defaultValue"in M||l=="checked"&&"defaultChecked"in M||me(t,l,null,$,o);for(l in M)$=M[l],l=="children"?f=$:l=="dangerouslySetInnerHTML"?d=$:l=="value"?_=$:l=="checked"?b=$:i&&typeof $!="function"||w[l]===$||me(t,l,$,w[l],o);d?(i||h&&(d.__html==h.__html||d.__html==t.innerHTML)||(t.innerHTML=d.__html),e.__k=[]):(h&&(t.textContent=""),(T=="foreignObject"||o=="http://www.w3.org/1998/Math/MathML"&&Ms.test(T))&&(o="http://www.w3.org/1999/xhtml"),or(p,Ve(f)?f:[f],e,n,r,o,s,a,s?s[0]:n.__k&&ft(n,0),i,c),s&&s.some(xt)),i&&T!="textarea"||(l="value",T=="progress"&&_==null?t.removeAttribute(l):_==null||_===t[l]&&(T!="progress"||_)||me(t,l,_,w[l],o),l="checked",b!=null&&b!=t[l]&&me(t,l,b,w[l],o))}else w===M||i&&t.data==M||(t.data=M);return t}function tn(t,e,n,r){try{typeof t=="function"?e?e.__x=t(e)||1:r&&(r=r.__c||r.__e)&&(e=r.__x)&&(r.__x=null,typeof e=="function"?e():t(null)):t.current=e}catch(o){O.__e(o,n)}}function en(t,e,n){var r,o,s,a;if(O.unmount&&O.unmount(t),!(r=t.ref)||r.current&&r.current!=t.__e||tn(r,null,e,t),r=t.__c){if(r.componentWillUnmount)try{r.componentWillUnmount()}catch(i){O.__e(i,e)}r.__P=r.__n=null}if(r=t.__k)for(a=0;a<r.length;a++)r[a]&&en(r[a],e,typeof t.type!="function"||n&&!t.props.__P);!n&&(r=t.__c)&&(r=r.__z)&&(o=$e(r,s=[]))&&(r==t.__e&&s.some(xt),xt(o),xt(r)),n||xt(t.__e),t.__e=t.__c=t.__=null}function Ns(t,e,n){return this.constructor(t,n)}function nn(t,e){var n,r,o,s;O.__&&O.__(t,e),e.nodeType==9&&(e=e.documentElement),r=(n=t&&32&t.__u)?null:e.__k,e.__k=Jt(Vt,{children:[t]}),o=[],s=[],Qe(e,e.__k,r||be,be,e.namespaceURI,r?null:e.firstChild?Ke.call(e.childNodes):null,o,r?r.__e:e.firstChild,n,s),ir(o,e.__k,s),e.__k.props.children=null}O={__e:function(t,e,n,r){for(var o,s,a;e=e.__;)if((o=e.__c)&&!(1&o.__g)){o.__g|=4;try{if((a=(s=o.constructor)&&s.getDerivedStateFromError)&&o.setState(s.getDerivedStateFromError(t)),o.componentDidCatch&&(o.componentDidCatch(t,r||{}),a=1),a&&8&o.__g)return void(o.__g|=2)}catch(i){t=i}}throw _e=0,t}},Kn=0,ks=function(t){return t!=null&&t.constructor===Gt},ye.prototype.setState=function(t,e){var n=this.__s;n&&n!=this.state||(n=this.__s=vt({},this.state)),typeof t=="function"&&(t=t(vt({},n),this.props)),t&&(vt(n,t),this.__v&&(e&&this.__k.push(e),Gn(this)))},ye.prototype.forceUpdate=function(t){this.__v&&(this.__g|=4,t&&this.__h.push(t),Gn(this))},ye.prototype.render=Vt,dt=[],_e=0,Qn=function(t,e){return t.__v.__b-e.__v.__b},he=Symbol(),tr=/(PointerCapture)$|Capture$/i,Ge=0,Je={},As=0;var cr=function(t,e,n,r){var o;e[0]=0;for(var s=1;s<e.length;s++){var a=e[s++],i=e[s]?(e[0]|=a?1:2,n[e[s++]]):e[++s];a===3?r[0]=i:a===4?r[1]=Object.assign(r[1]||{},i):a===5?(r[1]=r[1]||{})[e[++s]]=i:a===6?r[1][e[++s]]+=i+"":a?(o=t.apply(i,cr(t,i,n,["",null])),r.push(o),i[0]?e[0]|=2:(e[s-2]=0,e[s]=o)):r.push(i)}return r},lr=new Map;function pr(t){var e=lr.get(this);return e||(e=new Map,lr.set(this,e)),(e=cr(this,e.get(t)||(e.set(t,e=(function(n){for(var r,o,s=1,a="",i="",c=[0],p=function(h){s===1&&(h||(a=a.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?c.push(0,h,a):s===3&&(h||a)?(c.push(3,h,a),s=2):s===2&&a==="..."&&h?c.push(4,h,0):s===2&&a&&!h?c.push(5,0,!0,a):s>=5&&((a||!h&&s===5)&&(c.push(s,0,a,o),s=6),h&&(c.push(s,h,0,o),s=6)),a=""},l=0;l<n.length;l++){l&&(s===1&&p(),p(l));for(var d=0;d<n[l].length;d++)r=n[l][d],s===1?r==="<"?(p(),c=[c],s=3):a+=r:s===4?a==="--"&&r===">"?(s=1,a=""):a=r+a[0]:i?r===i?i="":a+=r:r==='"'||r==="'"?i=r:r===">"?(p(),s=1):s&&(r==="="?(s=5,o=a,a=""):r==="/"&&(s<5||n[l][d+1]===">")?(p(),s===3&&(c=c[0]),s=c,(c=c[0]).push(2,0,s),s=0):r===" "||r==="	"||r===`
`||r==="\r"?(p(),s=2):a+=r),s===3&&a==="!--"&&(s=4,c=c[0])}return p(),c})(t)),e),arguments,[])).length>1?e:e[0]}var Nt,I,rn,ur,on=Object.is,we=0,gr=[],sn=[],L=O,dr=L.__b,fr=L.__r,mr=L.diffed,hr=L.__c,yr=L.unmount,$r=L.__;function xe(t,e){L.__h&&L.__h(I,t,we||e),we=0;var n=I.__H||(I.__H={__:[],__h:[]});return t>=n.__.length&&n.__.push({}),n.__[t]}function Z(t){return we=1,qs(xr,t)}function qs(t,e,n){var r=xe(Nt++,2);if(r.t=t,!r.__c&&(r.__=[n?n(e):xr(void 0,e),function(s){var a=(r.__N||r.__)[0],i=r.t(a,s);on(a,i)||(r.__N=[i,r.__[1]],r.__c.setState({}))}],r.__c=I,!I.__f)){I.__f=!0;var o=I.shouldComponentUpdate;I.shouldComponentUpdate=function(s,a,i){var c=this.__H;if(!c)return!0;var p=!1,l=this.props!=s;if(c.__.some(function(h){h.__N&&(p=!0,on(h.__[0],h.__N[0])||(l=!0))}),o){var d=o.call(this,s,a,i);return p?d||l:d}return!p||l}}return r.__}function W(t,e){var n=xe(Nt++,3);!L.__s&&ln(n.__H,e)&&(n.__P=!0,n.__=t,n.u=e,I.__H.__h.push(n))}function lt(t,e){var n=xe(Nt++,4);!L.__s&&ln(n.__H,e)&&(n.__P=!1,n.__=t,n.u=e,I.__h.push(n))}function R(t){return we=5,wr(function(){return{current:t}},[])}function wr(t,e){var n=xe(Nt++,7);return ln(n.__H,e)&&(n.__=t(),n.__H=e),n.__}function Ps(){var t;do{for(;t=sn.shift();)try{Kt(t)}catch(n){L.__e(n,{__:(t=t.__P)&&t.__v})}for(;t=gr.shift();){var e=t.__H;if(t.__P&&e)try{e.__h.some(Kt),e.__h.some(an),e.__h=[]}catch(n){e.__h=[],L.__e(n,t.__v)}}}while(sn.length)}L.__b=function(t){I=null,dr&&dr(t)},L.__=function(t,e){t&&e.__k&&e.__k.__m&&(t.__m=e.__k.__m),$r&&$r(t,e)},L.__r=function(t){fr&&fr(t),Nt=0;var e=(I=t.__c).__H;e&&(rn==I?I.__h=[]:(e.__h.some(Kt),e.__h.some(an),Nt=0),e.__h=[],e.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),rn=I},L.diffed=function(t){mr&&mr(t);var e=t.__c;e&&e.__H&&(e.__H.__h.length&&br(gr.push(e)),e.__H.__.some(function(n){n.u&&(n.__H=n.u)})),rn=I=null},L.__c=function(t,e){e.some(function(n){try{n.__h.some(Kt),n.__h=n.__h.filter(function(r){return!r.__||an(r)})}catch(r){n.__h=[function(){throw r}]}}),hr&&hr(t,e)},L.unmount=function(t){yr&&yr(t);var e,n,r=t.__c;r&&r.__H&&(r.__H.__.some(function(o){try{if(o.__P&&o.__c){if(n===void 0){for(n=t.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}o.__P=n,br(sn.push(o))}else Kt(o)}catch(s){e=s}}),r.__H=void 0,e&&L.__e(e,r.__v))};var _r=typeof requestAnimationFrame=="function";function Ls(t){var e,n=function(){clearTimeout(r),_r&&cancelAnimationFrame(e),setTimeout(t)},r=setTimeout(n,35);_r&&(e=requestAnimationFrame(n))}function br(t){t!=1&&ur==L.requestAnimationFrame||((ur=L.requestAnimationFrame)||Ls)(Ps)}function Kt(t){var e=I,n=t.__c;typeof n=="function"&&(t.__c=void 0,n()),I=e}function an(t){var e=I;t.__c=t.__(),I=e}function ln(t,e){return!t||t.length!=e.length||e.some(function(n,r){return!on(n,t[r])})}function xr(t,e){return typeof e=="function"?e(t):e}var m=pr.bind(er);var y={screen:"home",session:null,k:1,micro:0,cursor:null,focusCursor:!1,playing:!1,unit:"update",speed:3,dialog:null,singleKeys:!0,live:"",error:"",check:null,born:null,unitOpen:null,paint:null,server:null},ve=new Set,cn=!1;function ct(){cn||(cn=!0,queueMicrotask(()=>{cn=!1;for(let t of ve)t()}))}function v(t){Object.assign(y,t),ct()}function k(){let[,t]=Z(0);return W(()=>{let e=()=>t(n=>n+1);return ve.add(e),()=>ve.delete(e)},[]),y}function vr(t){ve.add(t)}var N=(t,e)=>({rows:t,cols:e,data:new Float64Array(t*e)}),Zs=(t,e,n)=>({rows:t,cols:e,data:Float64Array.from(n)}),X=t=>Zs(t.length,t[0].length,t.flat()),ke=t=>({rows:t.rows,cols:t.cols,data:t.data.slice()}),E=(t,e,n)=>t.data[e*t.cols+n];function Q(t,e){let n=N(t.rows,t.cols);for(let r=0;r<t.data.length;r++)n.data[r]=e(t.data[r]);return n}function tt(t,e,n){let r=N(t.rows,t.cols);for(let o=0;o<t.data.length;o++)r.data[o]=n(t.data[o],e.data[o]);return r}function kr(t,e){let[n,r,o]=[t.rows,t.cols,e.cols],s=N(n,o);for(let a=0;a<n;a++){let i=s.data.subarray(a*o,(a+1)*o);for(let c=0;c<r;c++){let p=t.data[a*r+c],l=c*o;for(let d=0;d<o;d++)i[d]+=p*e.data[l+d]}}return s}function Ar(t,e){let[n,r,o]=[t.rows,t.cols,e.rows],s=N(n,o);for(let a=0;a<n;a++)for(let i=0;i<o;i++){let c=0;for(let p=0;p<r;p++)c+=t.data[a*r+p]*e.data[i*r+p];s.data[a*o+i]=c}return s}function Mr(t,e){let[n,r,o]=[t.rows,t.cols,e.cols],s=N(r,o);for(let a=0;a<n;a++)for(let i=0;i<r;i++){let c=t.data[a*r+i];for(let p=0;p<o;p++)s.data[i*o+p]+=c*e.data[a*o+p]}return s}function Sr(t,e){let n=N(t.rows,t.cols);for(let r=0,o=0;r<t.rows;r++)for(let s=0;s<t.cols;s++,o++)n.data[o]=t.data[o]+e.data[r];return n}function Tr(t){let e=N(t.rows,1);for(let n=0,r=0;n<t.rows;n++)for(let o=0;o<t.cols;o++,r++)e.data[n]+=t.data[r];return e}function pn(t,e){let n=N(t.rows,e.length);for(let r=0;r<t.rows;r++)for(let o=0;o<e.length;o++)n.data[r*e.length+o]=t.data[r*t.cols+e[o]];return n}var Or=Math.sqrt(Math.PI);function Er(t){let e=t,n=t;for(let r=1;e>n*1e-17;r++)e*=2*t*t/(2*r+1),n+=e;return 2/Or*Math.exp(-t*t)*n}function Cr(t){let e=t;for(let n=90;n>0;n--)e=t+n/2/e;return Math.exp(-t*t)/(Or*e)}function un(t){let e=Math.abs(t)/Math.SQRT2;return e<2?t<0?(1-Er(e))/2:(1+Er(e))/2:t<0?Cr(e)/2:1-Cr(e)/2}var Nr=1.0507009873554805,qr=1.6732632423543772,Pr=40,Ir=Math.sqrt(2/Math.PI),dn=t=>Math.min(Math.max(t,-Pr),Pr);function st(t){let e=Math.exp(-Math.abs(t));return(t>=0?1:e)/(1+e)}function Rr(t,e){let n=Math.exp(-Math.abs(e));return t*n/((1+n)*(1+n))}var fn=t=>Math.max(t,0)+Math.log1p(Math.exp(-Math.abs(t))),Lr=(t,e)=>t>0?t:e*Math.expm1(Math.min(t,0)),Zr=(t,e,n)=>t*(e>0?1:n*Math.exp(Math.min(e,0))),mn=t=>2*Ir*(t+.044715*t*t*t);function Is(t,e){let n=Math.exp(-Math.abs(e)),r=2*n/(1+n*n);return t*r*r}function Rs(t,e){let n=dn(e),r=2*Ir*(1+3*.044715*n*n);return t*(st(mn(n))+Rr(n*r,mn(n)))}function Ds(t,e){let n=Math.tanh(fn(e));return t*(n+e*(1-n*n)*st(e))}var Ws={identity:{forward:t=>t,backward:t=>t},relu:{forward:t=>t>0||t!==t?t:0,backward:(t,e)=>e>0?t:0},leaky_relu:{forward:t=>t>0?t:.01*t,backward:(t,e)=>e>0?t:.01*t},elu:{forward:t=>Lr(t,1),backward:(t,e)=>Zr(t,e,1)},selu:{forward:t=>Nr*Lr(t,qr),backward:(t,e)=>Nr*Zr(t,e,qr)},gelu:{forward:t=>t*un(t),backward:(t,e)=>{let n=dn(e);return t*(un(e)+n*Math.exp(-n*n/2)/Math.sqrt(2*Math.PI))}},gelu_tanh:{forward:t=>t*st(mn(dn(t))),backward:Rs},silu:{forward:t=>t*st(t),backward:(t,e)=>t*st(e)*(1+e*st(-e))},mish:{forward:t=>t*Math.tanh(fn(t)),backward:Ds},softplus:{forward:fn,backward:(t,e)=>t*st(e)},tanh:{forward:Math.tanh,backward:Is},sigmoid:{forward:st,backward:Rr}};function Ae(t){let e=N(t.rows,t.cols);for(let n=0;n<t.cols;n++){let r=-1/0,o=0;for(let s=0;s<t.rows;s++)r=Math.max(r,t.data[s*t.cols+n]);for(let s=0;s<t.rows;s++)o+=e.data[s*t.cols+n]=Math.exp(t.data[s*t.cols+n]-r);for(let s=0;s<t.rows;s++)e.data[s*t.cols+n]/=o}return e}function Fs(t,e){let n=Ae(e),r=N(e.rows,e.cols);for(let o=0;o<e.cols;o++){let s=0;for(let a=0;a<e.rows;a++)s+=t.data[a*e.cols+o]*n.data[a*e.cols+o];for(let a=0,i=o;a<e.rows;a++,i+=e.cols)r.data[i]=n.data[i]*(t.data[i]-s)}return r}var mt={...Object.fromEntries(Object.entries(Ws).map(([t,e])=>[t,{one:e,forward:n=>Q(n,e.forward),backward:(n,r)=>tt(n,r,e.backward)}])),softmax:{forward:Ae,backward:Fs}};function Dr(t,e,n){let r=N(1,t.cols);for(let o=0,s=0;o<t.rows;o++)for(let a=0;a<t.cols;a++,s++)r.data[a]+=n(t.data[s],e.data[s]);return r}function Hs(t,e){let n=N(1,t.cols);for(let r=0;r<t.cols;r++){let o=-1/0,s=0,a=0;for(let i=r;i<t.data.length;i+=t.cols)o=Math.max(o,t.data[i]);for(let i=r;i<t.data.length;i+=t.cols){let c=t.data[i]-o;s+=Math.exp(c),a+=e.data[i]*c}n.data[r]=Math.log(s)-a}return n}var et={sigmoid:{activation:"sigmoid",equation:"sigmoid_cross_entropy",loss:(t,e)=>Dr(t,e,(n,r)=>Math.max(n,0)-r*n+Math.log1p(Math.exp(-Math.abs(n)))),lossBackward:(t,e)=>tt(t,e,(n,r)=>st(n)-r)},softmax:{activation:"softmax",equation:"softmax_cross_entropy",loss:Hs,lossBackward:(t,e)=>tt(Ae(t),e,(n,r)=>n-r)},identity:{activation:"identity",equation:"squared_error",loss:(t,e)=>{let n=Dr(t,e,(r,o)=>(r-o)**2);return{...n,data:n.data.map(r=>r/2)}},lossBackward:(t,e)=>tt(t,e,(n,r)=>n-r)}};var Wr=(t,e,n)=>t/(1-e**n);function js(t,e,{v:n,s:r},{learning_rate:o,beta1:s,beta2:a,epsilon:i,epsilon_at:c,t:p}){n=s*n+(1-s)*e,r=a*r+(1-a)*e*e;let l={v̂:Wr(n,s,p),ŝ:Wr(r,a,p)},d=c==="hat"?(Math.sqrt(r)+i)/Math.sqrt(1-a**p):c==="inside"?Math.sqrt(l.ŝ+i):Math.sqrt(l.ŝ)+i;return{theta:t-o*(l.v̂/d),v:n,s:r,hats:l}}var Fr={equation:"adam_update",state:["v","s"],hats:{v̂:"v",ŝ:"s"},defaults:{beta1:.9,beta2:.999,epsilon:1e-8,epsilon_at:"outside"},one:js},U={gd:{equation:"gradient_descent_update",state:[],defaults:{},one:(t,e,n,{learning_rate:r})=>({theta:t-r*e})},momentum:{equation:"momentum_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:r,beta:o}){return n=o*n+(1-o)*e,{theta:t-r*n,v:n}}},nesterov:{equation:"nesterov_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:r,beta:o}){return n=o*n-r*e,{theta:t+o*n-r*e,v:n}}},rmsprop:{equation:"rmsprop_update",state:["s"],defaults:{beta:.99,epsilon:1e-8},one(t,e,{s:n},{learning_rate:r,beta:o,epsilon:s}){return n=o*n+(1-o)*e*e,{theta:t-r*(e/(Math.sqrt(n)+s)),s:n}}},adam:Fr,adamw:{...Fr,weight_decay:.01},lion:{equation:"lion_update",state:["v"],defaults:{beta1:.9,beta2:.99},one(t,e,{v:n},{learning_rate:r,beta1:o,beta2:s}){let a=Math.sign(o*n+(1-o)*e);return{theta:t-r*a,v:s*n+(1-s)*e}}}};function kt({network:t,training:e,parameters:n,X:r,Y:o,masks:s},a=new Map,i=void 0){let c=(b,g)=>{let w=i?.name===b?i.value:g;return a.set(b,w),w},{activations:p}=t,l=p.length,d=b=>i?.name===b?i.value:n[b],h=c("A0",r),f=h;for(let b=1;b<=l;b++){let g=s?.[`A${b}`];f=c(`Z${b}`,Sr(kr(d(`W${b}`),h),d(`b${b}`))),h=c(g?`g(Z${b})`:`A${b}`,mt[p[b-1]].forward(f)),g&&(a.set(`mask${b}`,g),h=c(`A${b}`,tt(h,g,(w,M)=>w*M)))}if(!o)return a;a.set("Y",o);let $=c("loss",et[t.output].loss(f,o)),_=0;for(let b of $.data)_+=b;if(_/=$.cols,e.l2){let b=0;for(let g=1;g<=l;g++)for(let w of d(`W${g}`).data)b+=w*w;a.set("J_data",_),a.set("J_L2",e.l2/(2*$.cols)*b),a.set("J",_+a.get("J_L2"))}else a.set("J",_);return a}function Hr(t,e,n){return kt({network:t,training:{},parameters:e,X:n,Y:null}).get(`A${t.activations.length}`)}function Us({network:t,training:e,parameters:n,masks:r=void 0},o){let{activations:s}=t,a=s.length,i=o.get("Y"),c=i.cols,p=et[t.output].lossBackward(o.get(`Z${a}`),i);for(let l=a;l>=1;l--){let d=n[`W${l}`];o.set(`dZ${l}`,p);let h=Q(Ar(p,o.get(`A${l-1}`)),_=>_/c);if(e.l2&&(o.set(`dW${l}_data`,h),o.set(`dW${l}_L2`,Q(d,_=>e.l2/c*_)),h=tt(h,o.get(`dW${l}_L2`),(_,b)=>_+b)),o.set(`dW${l}`,h),o.set(`db${l}`,Q(Tr(p),_=>_/c)),l===1)break;let f=Mr(d,p);o.set(`dA${l-1}`,f);let $=r?.[`A${l-1}`];$&&o.set(`dg(Z${l-1})`,f=tt(f,$,(_,b)=>_*b)),p=mt[s[l-2]].backward(f,o.get(`Z${l-1}`))}return o}function Bs({training:t,parameters:e,slots:n,t:r},o){let s=U[t.optimizer],a={...s.defaults,...t.hyperparameters,learning_rate:t.learning_rate,t:r},i={parameters:{},slots:{}};for(let[c,p]of Object.entries(e)){let l=p;t.weight_decay&&c[0]==="W"&&(l=Q(p,$=>(1-t.learning_rate*t.weight_decay)*$),o.set(`${c}_decayed`,l));let d=o.get(`d${c}`),h=Object.fromEntries([...s.state,...Object.keys(s.hats??{})].map($=>[$,N(l.rows,l.cols)])),f=N(l.rows,l.cols);for(let $=0;$<l.data.length;$++){let _={};for(let g of s.state)_[g]=n?.[`${g}_d${c}`]?.data[$]??0;let b=s.one(l.data[$],d.data[$],_,a);f.data[$]=b.theta;for(let g of s.state)h[g].data[$]=b[g];for(let g in s.hats)h[g].data[$]=b.hats[g]}for(let $ in h)o.set(`${$}_d${c}`,h[$]);for(let $ of s.state)i.slots[`${$}_d${c}`]=h[$];o.set(`${c}′`,f),i.parameters[c]=f}return i}function qt(t){let e=new Map;kt(t,e);for(let[r,o]of Object.entries(t.parameters))e.set(r,o);for(let[r,o]of Object.entries(t.slots??{}))e.set(`${r}⁻`,o);Us(t,e);let n=Bs(t,e);return{values:e,after:{...n,t:t.t}}}var jr=(t,e)=>Object.is(t,e)||t===e?0:Math.abs(t-e)/Math.max(1,Math.abs(t),Math.abs(e));function Ys(t,e){if(typeof e=="number")return Ur(jr(t,e));if(!t||t.data.length!==e.data.length)return 1/0;let n=0;for(let r=0;r<t.data.length;r++)n=Math.max(n,Ur(jr(t.data[r],e.data[r])));return n}var Ur=t=>Number.isNaN(t)?1/0:t;function hn({parameters:t,slots:e,quantities:n,after:r}){let o=(s,a)=>Object.entries(s??{}).map(([i,c])=>[`${i}${a}`,c]);return new Map([...o(t,""),...o(e,"⁻"),...o(n,""),...o(r,"′")])}function yn({network:t,training:e},{step:n,parameters:r,slots:o,quantities:s,learning_rate:a}){let i=Object.entries(s).filter(([c])=>c.startsWith("mask"));return{network:t,training:{...e,learning_rate:a??e.learning_rate},parameters:r,slots:o??{},t:n,X:s.A0,Y:s.Y,masks:i.length?Object.fromEntries(i.map(([c,p])=>[c.replace("mask","A"),p])):null}}function $n(t,e){let n={difference:0,worst:"",compared:0};for(let[r,o]of hn(e)){if(o==null||!t.has(r))continue;let s=Ys(t.get(r),o);n.compared+=1,s>n.difference&&Object.assign(n,{difference:s,worst:r}),t.set(r,o)}return n}var Br=(t,e)=>$n(qt(yn(t,e)).values,e);function Se({network:t,training:e}){let n=t.activations.slice(0,-1).filter(r=>!mt[r]?.one);return[...e.beyond??[],...n,...et[t.output]?[]:[t.output],...U[e.optimizer]?[]:[e.optimizer]]}var zs={input:"given"},Me=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!0,this.costs=[],this.changedFrom=1/0,this.numbers=e.golden.map(({step:n})=>n).sort((n,r)=>n-r),this.latest={t:this.numbers.at(-1)-1,parameters:e.golden.at(-1).parameters,slots:{}},this.size=Object.values(e.parameters).reduce((n,{data:r})=>n+r.length,0),this.opened=new Map;for(let{step:n,quantities:r}of e.golden)this.costs[n-1]=r.J}trainingAt(){return this.lesson.training}updatesPerEpoch(){return 1}golden(e){return this.lesson.golden.find(({step:n})=>n===e)}epochOf(e){return this.golden(e).epoch}batchOf(e){return Array.from({length:this.golden(e).quantities.Y.cols},(n,r)=>this.lesson.batches?.[e-1]?.[r]??r)}state(e){return{parameters:this.golden(e+1).parameters,slots:{},t:e}}open(e){return this.opened.has(e)||this.opened.set(e,this.openRecorded(e)),this.opened.get(e)}openRecorded(e){let n=this.golden(e),r=hn(n),o=this.lesson.entries.filter(({name:a})=>r.has(a)&&a!=="t"&&!(a in n.parameters)).map(({name:a,layer:i,phase:c,formula:p,equation:l})=>({id:a,layer:i,phase:zs[c]??c,kind:"recorded",equation:l,formula:p,tokens:[{name:a},...Xs(p,a,r)]})),s={...yn(this.lesson,n),batch:this.batchOf(e)};return{k:e,problem:s,values:r,after:{parameters:n.after},steps:o,check:null,born:null}}reach(e,n=1){let r=this.numbers.filter(o=>e>=n?o>=e:o<=e);return e>=n?r[0]??this.numbers.at(-1):r.at(-1)??this.numbers[0]}};function Xs(t,e,n){let r=t.split("=").slice(1).join("=");return[...new Set(r.match(/[A-Za-z_]+\d+/g)??[])].filter(s=>s!==e&&n.has(s)).slice(0,3).flatMap(s=>[",",{name:s}]).slice(0,6).map((s,a)=>a===0?"←":s)}var A=t=>({name:t}),Yr=t=>({name:t,transposed:!0});function*Js({activations:t},e){for(let n=1;n<=t.length;n++){let r=t[n-1],o=(a,i,c,...p)=>({id:a,phase:"forward",layer:n,kind:i,equation:c,tokens:p});yield o(`Z${n}`,"linear","linear_forward",A(`Z${n}`),"=",A(`W${n}`),"·",A(`A${n-1}`),"+",A(`b${n}`));let s=e(n)?`g(Z${n})`:`A${n}`;yield o(s,"activation",r,A(s),"=",r,"(",A(`Z${n}`),")"),e(n)&&(yield o(`A${n}`,"dropout","dropout_forward",A(`A${n}`),"=",A(s),"∘",A(`mask${n}`)))}}function*Gs({activations:t,output:e},n){let r=t.length,{equation:o}=et[e],s=(i,c,p,...l)=>({id:i,phase:"cost",layer:r,kind:c,equation:p,tokens:l});yield s("loss","loss",o,A("loss"),"=","loss","(",A(`Z${r}`),",",A("Y"),")");let a=["1/m","Σ",A("loss")];yield n?s("J","cost","l2_cost",A("J"),"=",...a,"+",A("J_L2")):s("J","cost","cost_from_logits",A("J"),"=",...a)}function*Vs({activations:t,output:e},n,r){let o=t.length;for(let s=o;s>=1;s--){let a=(c,p,l,...d)=>({id:c,phase:"backward",layer:s,kind:p,equation:l,tokens:d});if(s===o){let c=r(s)?`g(Z${s})`:`A${s}`;yield a(`dZ${s}`,"output",`${et[e].equation}_backward`,A(`dZ${s}`),"=",A(c),"−",A("Y"))}else{let c=r(s)?`dg(Z${s})`:`dA${s}`;r(s)&&(yield a(c,"dropout_back","dropout_backward",A(c),"=",A(`dA${s}`),"∘",A(`mask${s}`)));let p=t[s-1];yield a(`dZ${s}`,"activation_back",`${p}_backward`,A(`dZ${s}`),"=",A(c),"∘",`${p}′`,"(",A(`Z${s}`),")")}let i=n?["+","λ/m",A(`W${s}`)]:[];yield a(`dW${s}`,"weights","linear_backward",A(`dW${s}`),"=","1/m",A(`dZ${s}`),"·",Yr(`A${s-1}`),...i),yield a(`db${s}`,"bias","linear_backward",A(`db${s}`),"=","1/m","Σ",A(`dZ${s}`)),s>1&&(yield{...a(`dA${s-1}`,"back","linear_backward",A(`dA${s-1}`),"=",Yr(`W${s}`),"·",A(`dZ${s}`)),layer:s-1})}}function*Ks({activations:t},{optimizer:e,weight_decay:n}){let r=U[e];for(let o=1;o<=t.length;o++)for(let s of[`W${o}`,`b${o}`]){let a=(l,d,h,...f)=>({id:l,phase:"update",layer:o,kind:d,equation:h,tokens:f}),i=n&&s[0]==="W"?`${s}_decayed`:s;i!==s&&(yield a(i,"decay","decoupled_decay",A(i),"=","(1 − α·λ)",A(s)));for(let l of r.state){let d=`${l}_d${s}`;yield a(d,"slot",r.equation,A(d),"←",A(`${d}⁻`),",",A(`d${s}`))}let c=r.hats?Object.keys(r.hats).map(l=>A(`${l}_d${s}`)):[A(`d${s}`)],p=e==="gd"?["−","α",A(`d${s}`)]:[",",...r.hats?c:r.state.map(l=>A(`${l}_d${s}`)).concat(c)].flatMap((l,d)=>d>1?[",",l]:[l]);yield a(`${s}′`,"update",r.equation,A(`${s}′`),e==="gd"?"=":"←",A(i),...p)}}function zr(t,e,n){let r=o=>!!n?.[`A${o}`];return[{id:"A0",phase:"given",layer:0,kind:"batch",equation:"",tokens:[A("A0"),"→",A("Y")]},...Js(t,r),...Gs(t,e.l2),...Vs(t,e.l2,r),...Ks(t,e)]}function Xr(t,e){for(let n of t){let r=e.get(n);if(typeof r=="number"){if(!Number.isFinite(r))return{name:n,row:0,col:0,value:r}}else if(r){let o=r.data.findIndex(s=>!Number.isFinite(s));if(o>=0)return{name:n,row:Math.floor(o/r.cols),col:o%r.cols,value:r.data[o]}}}return null}function _n(t){return t^=t>>>16,t=Math.imul(t,569420461),t^=t>>>15,t=Math.imul(t,1935289751),(t^t>>>15)>>>0}function At(t,...e){let n=e.reduce((r,o)=>_n(r+o|0),_n(t|0));return()=>(n=n+2654435769|0,_n(n)/2**32)}function J(t){return Math.sqrt(-2*Math.log(1-t()))*Math.cos(2*Math.PI*t())}function Jr(t,e){let n=Array.from({length:e},(r,o)=>o);for(let r=e-1;r>0;r--){let o=Math.floor(t()*(r+1));[n[r],n[o]]=[n[o],n[r]]}return n}var Qs=2e6,Gr=({dropout:t})=>[t].flat().some(e=>e>0),Pt=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!1,this.numbers=[],this.trainings=[{from:1,training:e.training}];let n={parameters:e.parameters,slots:{},t:0};this.kept=new Map([[0,n]]),this.pinned=new Set([0]),this.stride=1,this.latest=n,this.costs=[],this.changedFrom=1/0,this.log=[],this.opened=new Map,e.resume&&this.resume(e.resume),this.stopped=null,this.followed=Math.min(e.training.batch_size?e.batches?.length??0:1/0,Gr(e.training)?e.masks?.length??0:1/0),this.size=Object.values(e.parameters).reduce((r,{data:o})=>r+o.length,0)}get examples(){return this.lesson.data.X.cols}trainingAt(e){return this.trainings.findLast(({from:n})=>n<=e).training}updatesPerEpoch(e=this.latest.t+1){let n=this.trainingAt(e).batch_size;return n?Math.ceil(this.examples/n):1}epochOf(e){return Math.floor((e-1)/this.updatesPerEpoch(e))}batchOf(e){let{lesson:n}=this;if(e<this.changedFrom&&n.batches?.[e-1])return n.batches[e-1];let{batch_size:r,seed:o}=this.trainingAt(e);if(!r||r>=this.examples)return Array.from({length:this.examples},(i,c)=>c);let s=this.epochOf(e);(this.order?.epoch!==s||this.order.seed!==o)&&(this.order={epoch:s,seed:o,examples:Jr(At(o,2,s),this.examples)});let a=(e-1)%this.updatesPerEpoch(e)*r;return this.order.examples.slice(a,a+r)}masksOf(e,n){let{dropout:r,seed:o}=this.trainingAt(e);if(!Gr({dropout:r}))return null;if(e<this.changedFrom&&this.lesson.masks?.[e-1])return this.lesson.masks[e-1];let s={};for(let a=1;a<this.network.activations.length;a++){let i=At(o,3,e,a),c=1-(Array.isArray(r)?r[a-1]:r);c<1&&(s[`A${a}`]=Q(N(this.network.layer_dims[a],n),()=>i()<c?1/c:0))}return s}problem(e,n){let r=this.batchOf(e),{X:o,Y:s}=this.lesson.data,a=r.length===o.cols&&r.every((i,c)=>i===c);return{network:this.network,training:this.trainingAt(e),...n,t:e,batch:r,X:a?o:pn(o,r),Y:a?s:pn(s,r),masks:this.masksOf(e,r.length)}}state(e){if(e===this.latest.t)return this.latest;let n=e;for(;!this.kept.has(n);)n--;let r=this.kept.get(n);for(;r.t<e;)r=qt(this.problem(r.t+1,r)).after;return r}open(e){if(this.opened.has(e))return this.opened.get(e);let n=this.state(e-1),r=this.problem(e,n),{values:o,after:s}=qt(r),a=n.forgotten&&U[r.training.optimizer].state.length>0,i=zr(this.network,r.training,r.masks).filter(({phase:h})=>!a||h!=="update"),c=e<this.changedFrom&&e<=this.followed&&this.lesson.golden?.find(({step:h})=>h===e),p=c?$n(o,c):null,l=i.map(({id:h})=>h),d={k:e,problem:r,values:o,after:s,steps:i,check:p,born:Xr(l,o)};return this.opened.size>3&&this.opened.delete(this.opened.keys().next().value),this.opened.set(e,d),d}advance(){let e=this.latest.t+1,{values:n,after:r}=qt(this.problem(e,this.latest)),o=n.get("J"),s=Object.values(r.parameters).every(({data:a})=>a.every(Number.isFinite));return!Number.isFinite(o)||!s?(this.stopped=this.open(e).born??{name:"J",row:0,col:0,value:o},this.stopped.k=e,!1):(this.costs[e-1]=o,this.latest=r,e%this.stride===0&&this.keep(r),!0)}reach(e,n=1){for(;this.latest.t<e-1;)if(!this.advance())return this.latest.t+1;return Math.max(1,e)}arrive(e,n,r,o){this.latest={parameters:n,slots:o??{},t:e,forgotten:!o&&e>0},this.changedFrom=Math.min(this.changedFrom,e+1),this.opened.clear(),e&&Number.isFinite(r)&&(this.costs[e-1]=r),e%this.stride===0&&this.keep(this.latest)}keep(e){this.kept.set(e.t,e);let n=1+Object.keys(e.slots).length/Math.max(1,Object.keys(e.parameters).length);if(!(this.kept.size*this.size*n<=Qs||this.kept.size<16)){this.stride*=2;for(let r of this.kept.keys())r%this.stride&&!this.pinned.has(r)&&this.kept.delete(r)}}branch(e){this.latest=this.state(e);for(let n of[...this.kept.keys()])n>e&&this.kept.delete(n);this.kept.set(e,this.latest),this.pinned.add(e),this.costs.length=Math.min(this.costs.length,e),this.trainings=this.trainings.filter(({from:n})=>n<=e+1),this.log=this.log.filter(n=>n.t<=e),this.changedFrom=Math.min(this.changedFrom,e+1),this.opened.clear(),this.order=void 0,this.stopped=null}edit(e,n,r,o,s){this.branch(e),this.log.push({t:e,edit:[n,r,o,s]});let a=ke(this.latest.parameters[n]);a.data[r*a.cols+o]=s,this.latest={...this.latest,parameters:{...this.latest.parameters,[n]:a}},this.kept.set(e,this.latest)}standing(){return{states:[...[...this.pinned].filter(n=>n>0).map(n=>this.kept.get(n)).filter(({t:n})=>n!==this.latest.t),this.latest],costs:{rows:1,cols:this.costs.length,data:Float64Array.from(this.costs,n=>n??NaN)},log:this.log,trainings:this.trainings,changedFrom:this.changedFrom}}resume({states:e,costs:n,log:r,trainings:o,changedFrom:s}){for(let a of e)this.kept.set(a.t,a),this.pinned.add(a.t);Object.assign(this,{latest:e.at(-1),costs:Array.from(n.data),log:r,trainings:o,changedFrom:s})}replay(e){for(let{t:n,edit:r,set:o}of e){if(this.reach(n+1)!==n+1)return;r?this.edit(n,...r):this.retrain(n,o)}}retrain(e,n){let r=this.trainingAt(e+1);this.branch(e),this.log.push({t:e,set:n});let o={...r,...n};this.trainings=[...this.trainings.filter(({from:s})=>s<=e),{from:e+1,training:o}],n.optimizer&&n.optimizer!==r.optimizer&&(this.latest={...this.latest,slots:{}},this.kept.set(e,this.latest))}};var ta={"app.name":"DeepStep","app.offline":"Works offline. Nothing leaves this page.","app.skip":"Skip to the content","app.screens":"Screens","screen.home":"Home","screen.play":"Play","screen.lab":"Step lab","app.share":"Share","app.help":"Help and keys","app.find":"Find a quantity","app.close":"Close","app.recorded":"The page cannot compute {parts}: it shows the updates {numbers} as Python recorded them.","home.title":"The deep network, with every step open","home.lead":"Train a network here, stop anywhere, and open any number: what made it, from what, and what it does next.","home.play":"Start with a data set","home.open":"Bring your own","home.csv":"Numbers as a table","home.csvHint":"One example a line, the target in the last column. Paste here, or drop a CSV file on this page.","home.csvExample":`x1,x2,class
0.1,0.7,a
0.9,0.2,b`,"home.csvUse":"Use this table","home.file":"Open a lesson or CSV file","home.fileHint":"A page or lesson that was exported from DeepStep, or a table.","home.continue":"Go on with “{title}”","toy.circles":"Circles","toy.xor":"XOR","toy.gaussians":"Two clouds","toy.moons":"Moons","toy.spirals":"Spirals","toy.arms":"Three arms","toy.plane":"Plane","toy.wave":"Wave","kind.binary":"two classes","kind.classes":"{n} classes","kind.numbers":"numbers","error.notALesson":"This file is no DeepStep lesson.","error.newerLesson":"This lesson was made by a newer DeepStep: update yours.","error.csv.short":"A table needs at least two lines.","error.csv.narrow":"A table needs at least two columns: inputs, then the target.","error.csv.large":"This table is too large for the page; use DeepStep in Python.","error.csv.numbers":"All columns but the last must hold numbers.","error.csv.target":"The target has more than 10 different texts, or only one.","error.server.refused":"The server did not give its lesson: open the address that it printed, in one window.","error.file":"This file could not be read.","axis.units":"units","axis.unitsBefore":"units before","axis.inputs":"inputs","axis.outputs":"outputs","axis.examples":"examples","axis.one":"1","axis.rows":"rows","axis.columns":"columns","phase.given":"Batch","phase.forward":"Forward","phase.cost":"Cost","phase.backward":"Backward","phase.update":"Update","say.batch":"The batch: {m} examples, each a column of {n} inputs, and the targets Y.","say.linear":"Layer {l}: each of its {n} units weighs the {before} numbers handed to it and adds its bias.","say.activation":"Layer {l}: {g} bends each pre-activation; A{l} is what the layer hands on.","say.dropout":"Layer {l}: dropout puts some activations to 0 and raises the others, so the mean stays.","say.loss":"How wrong each of the {m} answers is, one number an example, computed from the logits.","say.cost":"The cost J is the mean loss of the batch: the one number that training makes smaller.","say.output":"Backward begins: for this output and loss, the derivative by Z{l} is simply output minus target.","say.weights":"Layer {l}: each weight’s share of the error, averaged over the {m} examples.","say.bias":"Layer {l}: each bias’s share of the error, the mean of its row of dZ{l}.","say.back":"The error goes back through W{next} to what layer {l} handed on.","say.activation_back":"Layer {l}: the slope of {g} at each Z{l} lets the error through, or stops it.","say.dropout_back":"Layer {l}: what dropout put to 0 gets no error.","say.decay":"Layer {l}: weight decay shortens the weights a little.","say.slot":"Layer {l}: the optimizer’s memory of {name} takes in the new gradient.","say.recorded":"{name}, as Python computed and recorded it.","say.update":"Layer {l}: {name} moves against its gradient. The next step starts from here.","lab.update":"Update {k}","lab.epoch":"epoch {e}","lab.steps":"Micro-steps of this update","lab.equation":"The equation in numbers","lab.network":"Part of the network that is at work: {part}","lab.shape":"{rows} × {cols}","lab.rows":"rows {from}–{to} of {of}","lab.columns":"columns {from}–{to} of {of}","lab.cell":"{name}, row {row}, column {col}: {value}","lab.source":"The library’s own source","lab.noSource":"This page was made without Python, so it carries no source. Pages exported by DeepStep do.","lab.line":"{file}, line {line}","lab.keep":"Of a matrix that does not fit a window is shown; the strip below it shows the whole. Rows and columns count from 0.","inspect.title":"Cell inspector","inspect.none":"Choose a number: it opens here.","inspect.given":"Given to this step: nothing in it was computed.","inspect.recorded":"As Python recorded it.","inspect.parameter":"A parameter as it stood before this update.","inspect.example":"Column {col} is example {i}: {inputs}; target {target}.","inspect.historyText":"From {first} to {last} over {n} updates.","inspect.exact":"All digits","inspect.copy":"Copy","inspect.copied":"Copied.","inspect.code":"As code","inspect.formula":"Formula","inspect.puts":"Numbers put in","inspect.terms":"Largest of {n} terms","inspect.rest":"{n} more add up to {value}","inspect.numeric":"Check it numerically","inspect.numericValue":"Numeric derivative","inspect.agrees":"agrees: the difference is {difference}","inspect.disagrees":"differs by {difference}: there may be a bend here","inspect.made":"Show the micro-step that made it","check.title":"Gradient check of this update","check.button":"Gradient check","check.lead":"Each derivative beside a numeric one: the quantity is moved where it stands, and the cost is taken again.","check.quantity":"Quantity","check.checked":"Checked","check.difference":"Largest relative difference","check.verdict":"Verdict","check.good":"✓ agrees","check.bad":"✗ differs","check.all":"All {n} derivatives agree with their numeric twins.","check.some":"{n} of the derivatives differ: look where a bend of the activation is near.","check.running":"Checking…","golden.good":"recomputed = recorded, max diff {difference} ✓","golden.bad":"recomputed ≠ recorded: {name} differs by {difference}","golden.explain":"This page recomputed {n} quantities that Python recorded, and compared every number.","born.title":"Stopped: {name} is not finite","born.text":"At update {k}, row {row}, column {col} of {name} became {value}. The state before it is kept.","born.show":"Take me there","play.data":"Data","play.network":"Network","play.training":"Training","play.set":"Data set","play.examples":"{n} examples · inputs: {x}","play.paint":"Paint points","play.paintHint":"Click in the map to add a point of this class.","play.addPoint":"Add a point","play.class":"Class","play.layers":"Hidden layers","play.moreLayers":"Add a hidden layer","play.fewerLayers":"Take a hidden layer away","play.moreUnits":"One unit more in layer {l}","play.fewerUnits":"One unit less in layer {l}","play.inputs":"Inputs","play.layer":"Layer {l}","play.outputLayer":"Output","play.activation":"Activation of layer {l}","play.optimizer":"Optimizer","play.rate":"Learning rate","play.l2":"L2 strength λ","play.batch":"Batch size","play.all":"all","play.dropout":"Dropout","play.restart":"New weights","play.undo":"Undo","play.unit":"Unit {j} of layer {l}","play.unitLabel":"Unit {j} of layer {l}, bias {b}","play.bias":"Bias","play.weightFrom":"from {from}","play.more":"+{n}","play.moreWeights":"{n} more weights; open W{l} in the Step lab.","play.look":"Open layer {l} in the Step lab","play.map":"Decision map","play.mapHint":"Axes: {x} and {y}; other inputs at their means.","play.mapText":"The network’s answer over {x} and {y}.","play.cost":"Cost J","play.costText":"J began at {first} and was {last} before update {n}; lowest {low}.","play.costNone":"No update done yet. Press play, or step.","play.table":"As a table","play.accuracy":"{n} of {m} right","play.error":"mean squared error {value}","play.legend":"Blue, solid: positive. Orange, dashed: negative. Thick: large.","bar.label":"Transport","bar.start":"Back to the start","bar.play":"Play","bar.pause":"Pause","bar.back":"Micro-step back","bar.next":"Micro-step","bar.layerNext":"Next layer","bar.updateBack":"Update back","bar.updateNext":"Update","bar.epochNext":"Epoch","bar.unit":"Play by","bar.unit.micro":"micro-step","bar.unit.update":"update","bar.unit.epoch":"epoch","bar.speed":"Speed","bar.scrub":"Micro-step of this update","bar.scrubUpdates":"Updates done","bar.done":"{n} updates done","bar.cost":"J = {value}","layers.title":"Layers now","layers.layer":"Layer","layers.gradient":"dW","layers.ratio":"ΔW / W","layers.units":"Units","layers.dead":"{n} dead","layers.saturated":"{share} % saturated","share.title":"Share this state","share.html":"As one HTML file","share.htmlHint":"Opens anywhere without an install, trains in the page; about {size}.","share.save":"Save the page","share.saved":"Saved {name}, {size}.","share.lesson":"Save the lesson (JSON)","share.code":"Python that makes this state again","share.copy":"Copy the code","share.link":"Copy a link to this place","share.copied":"Copied.","find.title":"Find a quantity","find.label":"Name, such as dW2","find.none":"No quantity of that name in this update.","help.title":"Keys","help.space":"Play or pause","help.micro":"Micro-step back, forward","help.layer":"Layer back, forward","help.update":"Update back, forward","help.find":"Find a quantity","help.help":"This list","help.grid":"In a matrix: arrows, Home, End, Page keys move from number to number; Enter goes to the micro-step that made it.","help.single":"Single keys work as shortcuts","help.count":"Rows and columns count from 0, as in Python. Columns of X, Z and A are examples.","server.on":"Connected to Python","server.off":"The connection to Python ended; the page goes on by itself."},ea=ta;function u(t,e={}){return(ea[t]??t).replace(/\{(\w+)\}/g,(r,o)=>o in e?String(e[o]):r)}function Te(t,e){if(e.kind==="recorded")return u("say.recorded",{name:e.id});let{layer_dims:n,activations:r}=t.network,{layer:o,kind:s,id:a}=e;return u(`say.${s}`,{l:o,next:o+1,n:n[o],before:n[o-1],g:r[o-1],m:t.batchOf(1).length,name:a.replace("′","").replace(/^._/u,"")})}var na=1e5,ra={micro:[2400,1400,800,350,100],other:[500,150,40,0,0]},oa=12,P=()=>y.session.open(y.k),Ee=()=>P().steps[y.micro];function ht(t){y.playing&&Qt(!1),t==="lab"?y.unit="micro":y.unit==="micro"&&(y.unit="update"),v({screen:t})}function Ce(){y.server?.on&&y.server.leave()}function Mt(t,e){Ce();let n=Se(t).length?new Me(t):new Pt(t);n.isRecorded&&(e="lab"),v({session:n,k:1,micro:1,playing:!1,born:null,error:"",check:null,paint:null}),y.unitOpen=[n.network.activations.length,0],ht(e),Lt(),n.isRecorded||sa(n)}function sa(t){let{lesson:e}=t,n=[...e.golden??[]],r={difference:0,worst:"",compared:0},o=()=>{let s=n.shift();if(!s||t!==y.session)return;let a=Br(e,s);r.compared+=a.compared,a.difference>=r.difference&&Object.assign(r,{difference:a.difference,worst:a.worst}),v({check:{...r}}),setTimeout(o,30)};setTimeout(o,0)}function Lt(t=!0){let{steps:e,values:n}=P();y.micro=Math.max(0,Math.min(y.micro,e.length-1));let{id:r}=e[y.micro],o=n.get(r),[s,a]=typeof o=="number"?[1,1]:[o.rows,o.cols];y.cursor={name:r,row:Math.min(y.cursor?.row??0,s-1),col:Math.min(y.cursor?.col??0,a-1)},y.focusCursor=!1,t&&!(y.playing&&(y.speed>2||y.unit!=="micro"))&&(y.live=Te(y.session,e[y.micro])),ct()}function D(t,e=y.micro){let{session:n,server:r}=y;return r?.on&&t-1>n.latest.t?(r.send({do:"step",steps:t-1-n.latest.t}),y.k):(y.k=n.reach(t,y.k),n.stopped&&y.k<t&&v({playing:!1,born:n.stopped}),y.micro=y.k===t||n.isRecorded?e:y.micro,Lt(),y.k)}function St(t){y.micro=t,Lt()}function Tt(t){let e=y.micro+t;e<0?y.k>1&&D(y.k-1,1/0):e>=P().steps.length?D(y.k+1,0):St(e)}function Oe(t){let{steps:e}=P(),n=({phase:s,layer:a})=>`${s} ${a}`,r=n(e[y.micro]),o=y.micro;for(;o>=0&&o<e.length&&n(e[o])===r;)o+=t;if(o<0||o>=e.length)return Tt(o<0?-(y.micro+1):e.length-y.micro);if(t<0)for(;o>0&&n(e[o-1])===n(e[o]);)o-=1;St(o)}var Zt=t=>D(y.k+t);function bn(){let t=y.session.updatesPerEpoch(y.k);D(y.k+t-(y.k-1)%t)}function Qt(t=!y.playing){if(!(y.playing===t||!y.session)){if(v({playing:t,born:t?null:y.born}),y.server?.on&&y.unit!=="micro")return y.server.send(t?{do:"train",steps:na}:{do:"stop"});t?requestAnimationFrame(Kr):Lt()}}var Vr=0;function Kr(t){if(!y.playing||(requestAnimationFrame(Kr),t-Vr<ra[y.unit==="micro"?"micro":"other"][y.speed]))return;if(Vr=t,y.unit==="micro")return Tt(1);if(y.unit==="epoch")return bn();let e=performance.now()+oa,n=y.speed<4?1:1/0;for(let r=0;r<n&&performance.now()<e&&y.playing;r++){let o=y.k;if(y.session.latest.t>=y.k?D(y.k+1)===o:!aa())break}Lt(!1)}function aa(){let{session:t}=y;return t.latest.t<y.k&&!t.advance()?(v({playing:!1,born:t.stopped}),!1):(y.k=t.latest.t+1,!0)}function It(t,e=!1){v({cursor:t,focusCursor:e})}function pt({name:t,row:e,col:n}){let r=P().steps.findIndex(({id:o})=>o===t);r<0||(y.micro=r,y.cursor={name:t,row:e,col:n},Lt(),y.screen!=="lab"&&ht("lab"),v({dialog:null}))}function Qr(){let{k:t,name:e,row:n,col:r}=y.born;y.k=t,v({born:null}),pt({name:e,row:n,col:r})}var K=()=>globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches??!1,to=[0,114,178],eo=[213,94,0],ia=[86,180,233],la=[240,140,60];function no(t,e){if(!Number.isFinite(t))return"var(--alarm-tint)";let n=e>0?Math.min(1,Math.abs(t)/e):0,[r,o,s]=t<0?eo:to;return`rgba(${r}, ${o}, ${s}, ${(.34*n).toFixed(3)})`}function ut(t,e=K()){let[n,r,o]=e?[ia,la,[38,43,51]]:[to,eo,[246,247,249]],s=t<0?r:n,a=Math.min(1,Math.abs(t));return o.map((i,c)=>Math.round(i+(s[c]-i)*a))}var Rt=[[213,94,0],[0,114,178],[0,158,115],[204,121,167],[230,159,0],[86,180,233],[120,94,40],[90,90,90],[150,60,20],[20,60,140]],gn=new WeakMap;function Dt(t){if(!gn.has(t)){let e=0;for(let n of t.data)Math.abs(n)>e&&Number.isFinite(n)&&(e=Math.abs(n));gn.set(t,e)}return gn.get(t)}function wn(t,[e,n]=[0,1]){let r=s=>s<t.X.rows?t.X.data.subarray(s*t.X.cols,(s+1)*t.X.cols):t.Y.data.subarray(0,t.X.cols),o=s=>{let[a,i]=[1/0,-1/0];for(let p of s)[a,i]=[Math.min(a,p),Math.max(i,p)];let c=(i-a||1)*.1;return[a-c,i+c]};return{x:o(r(e)),y:o(r(n)),xs:r(e),ys:r(n)}}function Wt({Y:t},e){if(t.rows===1)return t.data[e]>.5?1:0;let n=0;for(let r=1;r<t.rows;r++)t.data[r*t.cols+e]>t.data[n*t.cols+e]&&(n=r);return n}var ro=[(t,e,n,r)=>t.arc(e,n,r,0,2*Math.PI),(t,e,n,r)=>t.rect(e-r*.9,n-r*.9,1.8*r,1.8*r),(t,e,n,r)=>(t.moveTo(e,n-1.2*r),t.lineTo(e+1.1*r,n+r),t.lineTo(e-1.1*r,n+r),t.closePath()),(t,e,n,r)=>(t.moveTo(e,n-1.3*r),t.lineTo(e+1.3*r,n),t.lineTo(e,n+1.3*r),t.lineTo(e-1.3*r,n),t.closePath())];function xn(t,e,n,r,o){let s=K(),a=e.kind==="numbers",i=1;if(a)for(let p of e.Y.data)i=Math.max(i,Math.abs(p));let c=Math.ceil(e.X.cols/1500);for(let p=0;p<e.X.cols;p+=c){let l=(n.xs[p]-n.x[0])/(n.x[1]-n.x[0])*r,d=r-(n.ys[p]-n.y[0])/(n.y[1]-n.y[0])*r,h=a?0:Wt(e,p),[f,$,_]=a?ut(e.Y.data[p]/i,s):Rt[h%Rt.length];t.beginPath(),ro[h%ro.length](t,l,d,o),t.fillStyle=`rgb(${f},${$},${_})`,t.fill(),t.lineWidth=Math.max(.8,o/3),t.strokeStyle=s?"rgba(255,255,255,.75)":"rgba(255,255,255,.9)",t.stroke()}}function oo({data:t,size:e}){let n=R(null);return W(()=>{let r=n.current.getContext("2d");r.clearRect(0,0,2*e,2*e),xn(r,t,wn(t),2*e,4.5)},[t,K()]),m`<canvas class="scatter" ref=${n} width=${2*e} height=${2*e} aria-hidden="true"></canvas>`}var ca=new Set(["relu","leaky_relu","elu","gelu","gelu_tanh","silu","mish","softplus"]);function so({layer_dims:t,activations:e},n){let r={};for(let o=1;o<t.length;o++){let s=At(n,1,o),a=Math.sqrt((ca.has(e[o-1])?2:1)/t[o-1]);r[`W${o}`]=Q(N(t[o],t[o-1]),()=>a*J(s)),r[`b${o}`]=N(t[o],1)}return r}var An="deepstep-lesson",pa=t=>t&&typeof t=="object"&&typeof t.f8=="string";function ua({shape:t,f8:e}){let n=Uint8Array.from(atob(e),i=>i.charCodeAt(0)),r=new DataView(n.buffer),o=new Float64Array(n.length/8);for(let i=0;i<o.length;i++)o[i]=r.getFloat64(8*i,!0);let[s,a]=t.length===2?t:t.length===1?[1,t[0]]:[1,1];return{rows:s,cols:a,data:o}}function Mn({rows:t,cols:e,data:n}){let r=new Uint8Array(8*n.length),o=new DataView(r.buffer);n.forEach((a,i)=>o.setFloat64(8*i,a,!0));let s="";for(let a=0;a<r.length;a+=8192)s+=String.fromCharCode(...r.subarray(a,a+8192));return{shape:[t,e],f8:btoa(s)}}var ao={nan:NaN,inf:1/0,"-inf":-1/0},da=new Set(["title","sources","formulas","code","origin","names","classes","name","kind","place","toy","log"]);function vn(t){if(pa(t))return ua(t);if(Array.isArray(t))return t.map(vn);if(t&&typeof t=="object"){let e=Object.entries(t);return Object.fromEntries(e.map(([n,r])=>[n,da.has(n)?r:vn(r)]))}return typeof t=="string"&&t in ao?ao[t]:t}function Ne(t){if(t?.format!==An)throw new Error("notALesson");if(t.version!==1)throw new Error("newerLesson");return vn(t)}function kn(t){return t?.data instanceof Float64Array?Mn(t):typeof t=="number"&&!Number.isFinite(t)?Number.isNaN(t)?"nan":t>0?"inf":"-inf":Array.isArray(t)?t.map(kn):t&&typeof t=="object"?Object.fromEntries(Object.entries(t).filter(([,e])=>e!==void 0).map(([e,n])=>[e,kn(n)])):t}var te=t=>JSON.stringify(kn(t)).replaceAll("<","\\u003c");var io={sources:{linear_forward:{file:"equations/linear.py",line:33,text:`def linear_forward(A_prev: Array, W: Array, b: Array) -> tuple[Array, LinearCache]:
    check_forward("linear_forward", A_prev, W, b=b)
    return W @ A_prev + b, LinearCache(A_prev, W, b)`},linear_backward:{file:"equations/linear.py",line:70,text:`def linear_backward(dZ: Array, cache: LinearCache) -> tuple[Array, Array, Array]:
    dZ = np.asarray(dZ)
    _check_backward(dZ, cache)
    dW, db = weight_gradients(dZ, cache)
    return cache[1].T @ dZ, dW, db`},dropout_forward:{file:"equations/dropout.py",line:48,text:`def dropout_forward(A: Array, mask: Array) -> Array:
    return _masked("dropout_forward", "A", A, mask)`},dropout_backward:{file:"equations/dropout.py",line:75,text:`def dropout_backward(dA: Array, mask: Array) -> Array:
    return _masked("dropout_backward", "dA", dA, mask)`},cost_from_logits:{file:"equations/costs.py",line:70,text:`def cost_from_logits(
    ZL: Array,
    Y: Array,
    *,
    output: str | Head | Architecture = "sigmoid",
    sample_weight: Array | None = None,
) -> float:
    ZL, Y = np.asarray(ZL), np.asarray(Y)
    check_target(ZL, Y, "cost_from_logits", sample_weight)
    head = get_head(output, "cost_from_logits")
    with np.errstate(over="ignore"):  # a loss too large for the dtype is inf
        loss = head.loss(ZL, Y)
    return _mean(loss[0], sample_weight)`},l2_cost:{file:"equations/regularization.py",line:11,text:`def l2_cost(weights: Iterable[Array], l2: float, m: float) -> float:
    return l2 / (2 * m) * sum(float(np.vdot(W, W)) for W in weights)`},decoupled_decay:{file:"equations/updates.py",line:341,text:`def decoupled_decay(theta: Array, *, learning_rate: float | Array, weight_decay: float | Array) -> Array:
    return (1 - _like(theta, learning_rate) * _like(theta, weight_decay)) * theta`},identity:{file:"equations/activations.py",line:15,text:`def identity(Z: Array) -> Array:
    return np.array(Z)`},identity_backward:{file:"equations/activations.py",line:27,text:`def identity_backward(dA: Array, Z: Array) -> Array:
    return np.array(dA)`},relu:{file:"equations/activations.py",line:39,text:`def relu(Z: Array) -> Array:
    return np.maximum(Z, 0)`},relu_backward:{file:"equations/activations.py",line:51,text:`def relu_backward(dA: Array, Z: Array) -> Array:
    dA = np.asarray(dA)
    return np.where(np.asarray(Z) > 0, dA, dA.dtype.type(0))`},leaky_relu:{file:"equations/relu_variants.py",line:21,text:`def leaky_relu(Z: Array, *, slope: float = 0.01) -> Array:
    Z = np.asarray(Z)
    return np.where(Z > 0, Z, slope * Z)`},leaky_relu_backward:{file:"equations/relu_variants.py",line:34,text:`def leaky_relu_backward(dA: Array, Z: Array, *, slope: float = 0.01) -> Array:
    dA = np.asarray(dA)
    return np.where(np.asarray(Z) > 0, dA, slope * dA)`},elu:{file:"equations/relu_variants.py",line:47,text:`def elu(Z: Array, *, alpha: float = 1.0) -> Array:
    Z = np.asarray(Z)
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))`},elu_backward:{file:"equations/relu_variants.py",line:60,text:`def elu_backward(dA: Array, Z: Array, *, alpha: float = 1.0) -> Array:
    return dA * np.where(np.asarray(Z) > 0, 1, alpha * np.exp(np.minimum(Z, 0)))`},selu:{file:"equations/relu_variants.py",line:72,text:`def selu(Z: Array) -> Array:
    return SELU_SCALE * elu(Z, alpha=SELU_ALPHA)`},selu_backward:{file:"equations/relu_variants.py",line:84,text:`def selu_backward(dA: Array, Z: Array) -> Array:
    return SELU_SCALE * elu_backward(dA, Z, alpha=SELU_ALPHA)`},gelu:{file:"equations/relu_variants.py",line:120,text:`def gelu(Z: Array) -> Array:
    return Z * _normal_probability(Z)`},gelu_backward:{file:"equations/relu_variants.py",line:132,text:`def gelu_backward(dA: Array, Z: Array) -> Array:
    near = np.clip(Z, -SETTLED, SETTLED)
    density = np.exp(-near * near / 2) / sqrt(2 * pi)
    return dA * (_normal_probability(Z) + near * density)`},gelu_tanh:{file:"equations/relu_variants.py",line:146,text:`def gelu_tanh(Z: Array) -> Array:
    return Z * sigmoid(_cubic(np.clip(Z, -SETTLED, SETTLED)))`},gelu_tanh_backward:{file:"equations/relu_variants.py",line:158,text:`def gelu_tanh_backward(dA: Array, Z: Array) -> Array:
    near = np.clip(Z, -SETTLED, SETTLED)
    cubic, steepness = _cubic(near), 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * near * near)
    return dA * (sigmoid(cubic) + sigmoid_backward(near * steepness, cubic))`},silu:{file:"equations/relu_variants.py",line:175,text:`def silu(Z: Array) -> Array:
    return Z * sigmoid(Z)`},silu_backward:{file:"equations/relu_variants.py",line:187,text:`def silu_backward(dA: Array, Z: Array) -> Array:
    Z = np.asarray(Z)
    return dA * sigmoid(Z) * (1 + Z * sigmoid(-Z))`},mish:{file:"equations/relu_variants.py",line:200,text:`def mish(Z: Array) -> Array:
    return Z * np.tanh(softplus(Z))`},mish_backward:{file:"equations/relu_variants.py",line:212,text:`def mish_backward(dA: Array, Z: Array) -> Array:
    T = np.tanh(softplus(Z))
    return dA * (T + Z * (1 - T * T) * sigmoid(Z))`},softplus:{file:"equations/relu_variants.py",line:96,text:`def softplus(Z: Array) -> Array:
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))`},softplus_backward:{file:"equations/relu_variants.py",line:108,text:`def softplus_backward(dA: Array, Z: Array) -> Array:
    return dA * sigmoid(Z)`},tanh:{file:"equations/activations.py",line:64,text:`def tanh(Z: Array) -> Array:
    return np.tanh(Z)`},tanh_backward:{file:"equations/activations.py",line:76,text:`def tanh_backward(dA: Array, Z: Array) -> Array:
    t = np.exp(-np.abs(Z))
    slope = 2 * t / (1 + t * t)
    return dA * slope * slope`},sigmoid:{file:"equations/activations.py",line:90,text:`def sigmoid(Z: Array) -> Array:
    t = np.exp(-np.abs(Z))
    return np.where(np.asarray(Z) >= 0, 1, t) / (1 + t)`},sigmoid_backward:{file:"equations/activations.py",line:103,text:`def sigmoid_backward(dA: Array, Z: Array) -> Array:
    t = np.exp(-np.abs(Z))
    return dA * t / ((1 + t) * (1 + t))`},softmax:{file:"equations/activations.py",line:143,text:`def softmax(Z: Array) -> Array:
    with np.errstate(over="ignore"):  # a logit that is further below than the dtype reaches has e^-inf = 0
        E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)`},softmax_backward:{file:"equations/activations.py",line:158,text:`def softmax_backward(dA: Array, Z: Array) -> Array:
    A = softmax(Z)
    return A * (dA - np.sum(dA * A, axis=0, keepdims=True))`},sigmoid_cross_entropy:{file:"equations/losses.py",line:44,text:`def sigmoid_cross_entropy(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    T = _yes_no(Y, smoothing)
    linear = np.maximum(ZL, 0) - T * ZL  # first, so that a sure and right answer keeps its small loss
    return np.sum(linear + np.log1p(np.exp(-np.abs(ZL))), axis=0, keepdims=True)`},sigmoid_cross_entropy_backward:{file:"equations/losses.py",line:58,text:`def sigmoid_cross_entropy_backward(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    return sigmoid(ZL) - _yes_no(Y, smoothing)`},softmax_cross_entropy:{file:"equations/losses.py",line:70,text:`def softmax_cross_entropy(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    with np.errstate(over="ignore"):
        shifted = ZL - np.max(ZL, axis=0, keepdims=True)
    shifted = _no_infinity(shifted)
    T = _one_of_many(Y, smoothing)
    return np.log(np.exp(shifted).sum(axis=0, keepdims=True)) - np.sum(T * shifted, axis=0, keepdims=True)`},softmax_cross_entropy_backward:{file:"equations/losses.py",line:86,text:`def softmax_cross_entropy_backward(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    return softmax(ZL) - _one_of_many(Y, smoothing)`},squared_error:{file:"equations/number_losses.py",line:21,text:`def squared_error(ZL: Array, Y: Array) -> Array:
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 2`},squared_error_backward:{file:"equations/number_losses.py",line:33,text:`def squared_error_backward(ZL: Array, Y: Array) -> Array:
    return ZL - Y`},gradient_descent_update:{file:"equations/updates.py",line:17,text:`def gradient_descent_update(theta: Array, gradient: Array, *, learning_rate: float | Array) -> tuple[Array]:
    alpha = _like(theta, learning_rate)
    return (theta - alpha * gradient,)`},momentum_update:{file:"equations/updates.py",line:47,text:`def momentum_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float | Array, beta: float = 0.9
) -> tuple[Array, Array]:
    alpha = _like(theta, learning_rate)
    v = beta * v + (1 - beta) * gradient
    return theta - alpha * v, v`},nesterov_update:{file:"equations/updates.py",line:117,text:`def nesterov_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: float | Array, beta: float = 0.9
) -> tuple[Array, Array]:
    alpha = _like(theta, learning_rate)
    v = beta * v - alpha * gradient
    return theta + beta * v - alpha * gradient, v`},rmsprop_update:{file:"equations/updates.py",line:152,text:`def rmsprop_update(
    theta: Array,
    gradient: Array,
    s: Array,
    *,
    learning_rate: float | Array,
    beta: float = 0.99,
    epsilon: float = 1e-8,
) -> tuple[Array, Array]:
    alpha = _like(theta, learning_rate)
    s = beta * s + (1 - beta) * gradient * gradient
    return theta - alpha * (gradient / (np.sqrt(s) + epsilon)), s`},adam_update:{file:"equations/updates.py",line:227,text:`def adam_update(
    theta: Array,
    gradient: Array,
    v: Array,
    s: Array,
    *,
    learning_rate: float | Array,
    t: int,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_at: str = "outside",
) -> tuple[Array, Array, Array]:
    alpha = _like(theta, learning_rate)
    v = beta1 * v + (1 - beta1) * gradient
    s = beta2 * s + (1 - beta2) * gradient * gradient
    v_hat, s_hat = bias_corrected(v, beta=beta1, t=t), bias_corrected(s, beta=beta2, t=t)
    if epsilon_at == "outside":
        root = np.sqrt(s_hat) + epsilon
    elif epsilon_at == "hat":
        root = (np.sqrt(s) + epsilon) / sqrt(1 - beta2**t)
    elif epsilon_at == "inside":
        root = np.sqrt(s_hat + epsilon)
    else:
        raise unknown_name("adam_update", "epsilon_at", epsilon_at, _EPSILON_AT)
    return theta - alpha * (v_hat / root), v, s`},lion_update:{file:"equations/updates.py",line:295,text:`def lion_update(
    theta: Array,
    gradient: Array,
    v: Array,
    *,
    learning_rate: float | Array,
    beta1: float = 0.9,
    beta2: float = 0.99,
) -> tuple[Array, Array]:
    alpha = _like(theta, learning_rate)
    direction = np.sign(beta1 * v + (1 - beta1) * gradient)
    return theta - alpha * direction, beta2 * v + (1 - beta2) * gradient`}}};var ma={binary:"sigmoid",classes:"softmax",numbers:"identity"},ha={optimizer:"gd",hyperparameters:{},learning_rate:.3,l2:0,weight_decay:0,batch_size:null,dropout:0,seed:1},ee={gd:.3,momentum:.3,nesterov:.1,rmsprop:.01,adam:.03,adamw:.03,lion:.01};function ne(t,{hidden:e=[8,8],activations:n=["tanh","tanh"],training:r={}}={}){let o=ma[t.kind],s={layer_dims:[t.X.rows,...e,t.Y.rows],activations:[...n,et[o].activation],output:o},a={...ha,...r};return a.hyperparameters={...U[a.optimizer].defaults,...a.hyperparameters},{format:An,version:1,title:t.name,network:s,training:a,parameters:so(s,a.seed),data:t,batches:[],masks:null,golden:[],recorded:[],...io,formulas:{},code:"",origin:"page",wide:!1}}var ya=2e6,lo=10;function $a(t,e){let n=[],r=new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${e}]*))(?:${e}|$)`,"y");for(;r.lastIndex<=t.length;){let[o,s,a]=r.exec(t)??[];if(o===void 0||(n.push(s?.replaceAll('""','"')??a.trim()),!o.endsWith(e)||r.lastIndex>t.length))break}return n}var re=t=>t!==""&&Number.isFinite(Number(t));function qe(t,e="table"){let n=t.split(/\r?\n/).filter(l=>l.trim());if(n.length<2)throw new Error("csv.short");let r=["	",";",","].find(l=>n[0].includes(l))??",",o=n.map(l=>$a(l,r)),s=o[0].length;if(s<2)throw new Error("csv.narrow");if(o.length*s>ya)throw new Error("csv.large");let i=o[0].slice(0,-1).some(l=>!re(l))?o.shift():Array.from({length:s},(l,d)=>`x${d+1}`),c=o.filter(l=>l.length===s&&l.slice(0,-1).every(re)&&l[s-1]!=="");if(c.length<2)throw new Error("csv.numbers");return{X:X(Array.from({length:s-1},(l,d)=>co(c.map(h=>Number(h[d]))))),..._a(c.map(l=>l[s-1])),names:i.slice(0,-1),name:e,left_out:o.length-c.length}}function co(t){let e=t.reduce((r,o)=>r+o,0)/t.length,n=Math.sqrt(t.reduce((r,o)=>r+(o-e)**2,0)/t.length)||1;return t.map(r=>(r-e)/n)}function _a(t){let e=[...new Set(t)].sort((r,o)=>re(r)&&re(o)?r-o:r<o?-1:1),n=t.every(r=>Number.isInteger(Number(r)));if(e.length===2)return{Y:X([t.map(r=>e.indexOf(r))]),classes:e,kind:"binary"};if(t.every(re)&&!(n&&e.length<=lo))return{Y:X([co(t.map(Number))]),classes:null,kind:"numbers"};if(e.length>lo||e.length<2)throw new Error("csv.target");return{Y:X(e.map(r=>t.map(o=>+(o===r)))),classes:e,kind:"classes"}}var Sn=200;function Ft(t,e){let n=X([t.map(([r])=>r),t.map(([,r])=>r)]);return e.length===2?{X:n,Y:X([t.map(([,,r])=>r)]),names:["x1","x2"],classes:e,kind:"binary"}:{X:n,Y:X(e.map((r,o)=>t.map(([,,s])=>+(s===o)))),names:["x1","x2"],classes:e,kind:"classes"}}var yt=t=>Array.from({length:Sn},(e,n)=>t(n)),oe=["orange","blue"],po={circles:t=>Ft(yt(e=>{let[n,r]=[(e%2?1:.45)+.09*J(t),2*Math.PI*t()];return[n*Math.cos(r),n*Math.sin(r),e%2]}),oe),xor:t=>Ft(yt(()=>{let e=()=>(t()<.5?-1:1)*(.12+.9*t()),[n,r]=[e(),e()];return[n,r,n*r>0?1:0]}),oe),gaussians:t=>Ft(yt(e=>[(e%2?.55:-.55)+.3*J(t),(e%2?.5:-.5)+.3*J(t),e%2]),oe),moons:t=>Ft(yt(e=>{let n=Math.PI*t(),[r,o]=e%2?[1-Math.cos(n),.45-Math.sin(n)]:[Math.cos(n),Math.sin(n)];return[(r-.5)/1.3+.07*J(t),(o-.22)/1+.07*J(t),e%2]}),oe),spirals:t=>Ft(yt(e=>{let n=Math.floor(e/2)/(Sn/2),r=1.75*2*Math.PI*n+e%2*Math.PI,o=.08+n;return[o*Math.sin(r)+.025*J(t),o*Math.cos(r)+.025*J(t),e%2]}),oe),arms:t=>Ft(yt(e=>{let n=Math.sqrt(t()),r=2*Math.PI/3*(e%3)+3.2*n+.14*J(t);return[n*Math.cos(r),n*Math.sin(r),e%3]}),["orange","blue","green"]),plane:t=>{let e=yt(()=>[2*t()-1,2*t()-1]),n=X([e.map(([r,o])=>(r+o)/2+.03*J(t))]);return{X:X([e.map(([r])=>r),e.map(([,r])=>r)]),Y:n,names:["x1","x2"],classes:null,kind:"numbers"}},wave:t=>{let e=yt(n=>-1+2*n/(Sn-1));return{X:X([e]),Y:X([e.map(n=>Math.sin(4*n)/1.5+.06*J(t))]),names:["x"],classes:null,kind:"numbers"}}},Et=Object.keys(po),se=(t,e=1)=>({...po[t](At(e,4,Et.indexOf(t))),name:t});function $t(t,e="play"){let n=ne(se(t.data),uo(t,se(t.data))),{log:r,...o}=t;Mt({...n,title:u(`toy.${t.data}`),toy:o},e)}function Tn(t,e={},n="play"){Mt(ne(t,uo(e,t)),n)}function uo({hidden:t,activations:e,training:n},r){let o=r.X.rows>64?[16,8]:[8,8],s=r.kind==="numbers"?.03:ee[n?.optimizer??"gd"];return{hidden:t??o,activations:e??(t??o).map(()=>"tanh"),training:{learning_rate:s,...n}}}function Ht(t,e="lab"){Mt(Ne(t),e)}var ba=/<script type="application\/json" id="deepstep-lesson">([\s\S]*?)<\/script>/;async function En(t,e){try{let n=ba.exec(e);if(n)return Ht(JSON.parse(n[1]));if(/^\s*\{/.test(e))return Ht(JSON.parse(e));Tn(qe(e,t.replace(/\.\w+$/,"")))}catch(n){let r=`error.${n.message}`;v({error:u(r)===r?u("error.file"):u(r),screen:"home"})}}function fo(){document.addEventListener("dragover",t=>t.preventDefault()),document.addEventListener("drop",async t=>{t.preventDefault();let[e]=t.dataTransfer?.files??[];e&&await En(e.name,await e.text())})}var ga=Et.map(t=>se(t)),Cn=({kind:t,classes:e})=>u(`kind.${t}`,{n:e?.length});function wa({data:t}){return m`<li>
<button type="button" class="tile" data-toy=${t.name} onClick=${()=>$t({data:t.name})}>
<${oo} data=${t} size=${132} />
<span class="tile-name">${u(`toy.${t.name}`)}</span>
<span class="tile-kind">${Cn(t)}</span>
</button>
</li>`}function xa(){let t=R(null),[e,n]=Z(""),r=()=>{try{Tn(qe(t.current.value))}catch(o){n(u(`error.${o.message}`))}};return m`<section class="card" aria-labelledby="csv-title">
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
<button type="button" class="button" onClick=${r}>${u("home.csvUse")}</button>
</section>`}function va(){let{error:t}=k(),e=async n=>{let[r]=n.target.files;r&&await En(r.name,await r.text()),n.target.value=""};return m`<section class="card" aria-labelledby="file-title">
<h3 id="file-title"><label for="file">${u("home.file")}</label></h3>
<p class="quiet" id="file-hint">${u("home.fileHint")}</p>
<input type="file" id="file" accept=".html,.json,.csv,.txt,.tsv" aria-describedby="file-hint file-error" onChange=${e} />
<p class="error" id="file-error" role="alert">${t}</p>
</section>`}function On(){let{session:t}=k();return m`<div class="home">
<div class="hero">
<h1>${u("home.title")}</h1>
<p class="lead">${u("home.lead")}</p>
<p class="quiet">${u("app.offline")}</p>
${t?m`<p><button
type="button"
class="button"
onClick=${()=>ht(t.isRecorded?"lab":"play")}
>${u("home.continue",{title:t.lesson.title})}</button></p>`:null}
</div>
<h2>${u("home.play")}</h2>
<ul class="tiles">${ga.map(e=>m`<${wa} data=${e} key=${e.name} />`)}</ul>
<h2>${u("home.open")}</h2>
<div class="home-open"><${xa} /><${va} /></div>
</div>`}function mo(t,e,n,r){Number.isFinite(r)&&(Ce(),y.session.edit(y.k-1,t,e,n,r),v({born:null,check:null}),D(y.k))}function jt(t){Object.keys(t).some(e=>e!=="learning_rate")&&Ce(),y.server?.on&&y.server.send({do:"set",learning_rate:t.learning_rate}),y.session.retrain(y.k-1,t),v({born:null}),D(y.k)}function ho(){let{session:t,k:e}=y,n=t.log.slice(0,-1),r=new Pt({...t.lesson,resume:void 0});r.replay(n),v({session:r,born:null}),D(Math.min(e,t.latest.t+1))}function ka(){let{session:t}=y,{layer_dims:e,activations:n}=t.network;return{hidden:e.slice(1,-1),activations:n.slice(0,-1),training:{...t.trainingAt(y.k),hyperparameters:{...t.trainingAt(y.k).hyperparameters}}}}function Ct(t={},e=void 0){let{lesson:n}=y.session,r={...ka(),...t};if(e!==void 0&&(r.training.seed=e),n.toy)return $t({data:n.toy.data,...r},y.screen);Mt({...ne(n.data,r),title:n.title},y.screen)}function Pe(t,e){let{session:n,k:r}=y,{lesson:o}=n,s=(h,f)=>{let $=N(h.rows,h.cols+1);for(let _=0;_<h.rows;_++)$.data.set(h.data.subarray(_*h.cols,(_+1)*h.cols),_*$.cols),$.data[(_+1)*$.cols-1]=f[_];return $},a={...o.data,X:s(o.data.X,t),Y:s(o.data.Y,e)},{parameters:i}=n.state(r-1),{paint:c,playing:p,unitOpen:l}=y,d={...o,data:a,parameters:i,training:n.trainingAt(r),batches:[],masks:null,golden:[],recorded:[],code:"",toy:void 0};Mt(d,y.screen),Object.assign(y,{paint:c,unitOpen:l}),p&&ct()}var Nn=(t,e)=>t.kind==="classes"?t.classes.map((n,r)=>+(r===e)):[Number(e)];function Aa({data:t}){let{paint:e}=k(),[n,r]=Z(()=>Array(t.X.rows).fill(0)),[o,s]=Z(0),a=t.names??[],i=c=>{c.preventDefault(),Pe(n,Nn(t,o))};return m`<details class="paint" open=${e!==null}>
<summary>${u("play.paint")}</summary>
<form onSubmit=${i}>
<p class="quiet">${u("play.paintHint")}</p>
<div class="fields">
${n.map((c,p)=>m`<label class="field is-number" key=${p}><span>${a[p]??`x${p+1}`}</span><input
type="number"
step="any"
required
value=${c}
onChange=${l=>r(n.map((d,h)=>h===p?l.target.valueAsNumber||0:d))}
/></label>`)}
${t.classes?m`<label class="field"><span>${u("play.class")}</span><select
value=${o}
onChange=${c=>(s(Number(c.target.value)),v({paint:Number(c.target.value)}))}
>${t.classes.map((c,p)=>m`<option value=${p}>${c}</option>`)}</select></label>`:m`<label class="field is-number"><span>Y</span><input
type="number"
step="any"
value=${o}
onChange=${c=>s(c.target.valueAsNumber||0)}
/></label>`}
</div>
<div class="row">
<button type="submit" class="button is-quiet">${u("play.addPoint")}</button>
${t.classes&&t.X.rows>=2?m`<label class="choice"><input
type="checkbox"
checked=${e!==null}
onChange=${c=>v({paint:c.target.checked?o:null})}
/> ${u("play.paint")}</label>`:null}
</div>
</form>
</details>`}function yo(){let{session:t}=k(),{lesson:e}=t,{data:n}=e,r=e.toy?.data??"",o=s=>s.target.value&&$t({data:s.target.value});return m`<section class="card" aria-labelledby="data-title">
<h2 id="data-title">${u("play.data")}</h2>
<label class="field"><span>${u("play.set")}</span>
<select value=${r} onChange=${o}>
${r?null:m`<option value="">${n.name??e.title}</option>`}
${Et.map(s=>m`<option value=${s}>${u(`toy.${s}`)}</option>`)}
</select>
</label>
<p class="quiet">${u("play.examples",{n:n.X.cols,x:n.X.rows})} · ${Cn(n)}</p>
${n.X.rows<=4?m`<${Aa} data=${n} key=${`${n.X.rows}${n.kind}`} />`:null}
</section>`}var Ma=[1e-4,3e-4,.001,.003,.01,.03,.1,.3,1,3,10],Sa=[0,.001,.01,.1,.3,1,3,10],Ta=[null,1,8,16,32,64,128],Ea=[0,.1,.2,.3,.5];function ae({label:t,value:e,choices:n,show:r=String,onPick:o,name:s}){let a=n.includes(e)?n:[...n,e].sort((i,c)=>i-c);return m`<label class="field"><span>${t}</span>
<select data-setting=${s} value=${String(e)} onChange=${i=>o(a[i.target.selectedIndex])}>
${a.map(i=>m`<option value=${String(i)}>${r(i)}</option>`)}
</select>
</label>`}function $o(){let{session:t,k:e}=k(),n=t.trainingAt(e),r=o=>jt({optimizer:o,hyperparameters:{...U[o].defaults},weight_decay:U[o].weight_decay??0,learning_rate:t.lesson.data.kind==="numbers"?ee[o]/10:ee[o]});return m`<section class="card" aria-labelledby="training-title">
<h2 id="training-title">${u("play.training")}</h2>
<div class="fields">
<${ae}
name="optimizer"
label=${u("play.optimizer")}
value=${n.optimizer}
choices=${Object.keys(U)}
onPick=${r}
/>
<${ae}
name="learning_rate"
label=${u("play.rate")}
value=${n.learning_rate}
choices=${Ma}
onPick=${o=>jt({learning_rate:o})}
/>
<${ae}
name="l2"
label=${u("play.l2")}
value=${n.l2}
choices=${Sa}
onPick=${o=>jt({l2:o})}
/>
<${ae}
name="batch_size"
label=${u("play.batch")}
value=${n.batch_size}
choices=${Ta}
show=${o=>o===null?u("play.all"):String(o)}
onPick=${o=>jt({batch_size:o})}
/>
<${ae}
name="dropout"
label=${u("play.dropout")}
value=${n.dropout}
choices=${Ea}
onPick=${o=>jt({dropout:o})}
/>
</div>
<div class="row">
<button
type="button"
class="button is-quiet"
data-action="restart"
onClick=${()=>Ct({},(n.seed??0)+1)}
>
${u("play.restart")}
</button>
${t.log.length?m`<button type="button" class="button is-quiet" data-action="undo" onClick=${ho}>${u("play.undo")}</button>`:null}
</div>
</section>`}var F=44,Ca=6e4,qn=new WeakMap;function Oa({X:t}){if(!qn.has(t)){let e=new Float64Array(t.rows);for(let n=0;n<t.rows;n++)for(let r=0;r<t.cols;r++)e[n]+=t.data[n*t.cols+r]/t.cols;qn.set(t,e)}return qn.get(t)}var Pn=new WeakMap;function Na(t){if(!Pn.has(t)){let e=wn(t),n=t.X.rows,r=N(n,n===1?F:F*F),o=Oa(t);for(let s=0;s<r.cols;s++){let[a,i]=[s%F/(F-1),1-Math.floor(s/F)/(F-1)];for(let c=0;c<n;c++){let p=c===0?e.x[0]+a*(e.x[1]-e.x[0]):c===1?e.y[0]+i*(e.y[1]-e.y[0]):o[c];r.data[c*r.cols+s]=p}}Pn.set(t,{frame:e,grid:r})}return Pn.get(t)}function _o(t,e){let{data:n}=t.lesson;if(t.size>Ca)return{frame:null,values:null,high:0};let{frame:r,grid:o}=Na(n),s=kt({network:t.network,training:{},parameters:e,X:o,Y:null});return{frame:r,values:s,high:n.X.rows===1?1:F}}function x(t,e=4){if(Number.isNaN(t))return"NaN";if(!Number.isFinite(t))return t>0?"∞":"−∞";if(t===0)return"0";let n=Math.abs(t),r=n>=1e5||n<.001?n.toExponential(e-2).replace(/\.?0+e/,"e").replace("e+","e"):Number(n.toPrecision(e)).toString();return(t<0?"−":"")+r.replace("e-","e−")}function bo(t,e){let n=t>0?Math.floor(Math.log10(t)+1e-9):0,r=n<-1||n>3?n:0;return{power:r,places:Math.max(0,e-Math.max(0,n-r))}}function go(t,{power:e,places:n}){if(t===0||!Number.isFinite(t))return x(t);let r=Math.abs(e<0?t*10**-e:t/10**e),o=Number.isInteger(r)?String(r):r.toFixed(n);return(t<0?"−":"")+o}var qa={"-":"⁻",0:"⁰",1:"¹",2:"²",3:"³",4:"⁴",5:"⁵",6:"⁶",7:"⁷",8:"⁸",9:"⁹"},wo=t=>t?`× 10${[...String(t)].map(e=>qa[e]).join("")}`:"",Ot=t=>Object.is(t,-0)?"-0":Number.isFinite(t)?String(t):Number.isNaN(t)?"nan":t>0?"inf":"-inf",Le=t=>t<1e3?`${t} B`:t<1e6?`${Math.round(t/1e3)} kB`:`${(t/1e6).toFixed(1)} MB`;var Ze=8,[ie,Ln,Ie]=[38,10,88],Pa=Object.keys(mt).filter(t=>t!=="softmax");function xo({A:t,row:e,high:n}){let r=R(null);return W(()=>{if(!t)return;let o=r.current.getContext("2d"),s=o.createImageData(F,n),a=K(),i=1;for(let c=0;c<t.cols;c++)i=Math.max(i,Math.abs(t.data[e*t.cols+c]));for(let c=0;c<t.cols;c++)s.data.set([...ut(t.data[e*t.cols+c]/i,a),255],4*c);o.putImageData(s,0,0)}),m`<canvas ref=${r} width=${F} height=${Math.max(1,n)} aria-hidden="true"></canvas>`}function La({l:t,dims:e,activations:n,output:r}){if(t===0)return m`<div class="layer-head"><b>${u("play.inputs")}</b></div>`;let o=t===e.length-1,s=e.slice(1,-1),a=c=>Ct({hidden:s.map((p,l)=>l===t-1?p+c:p)}),i=c=>Ct({activations:n.slice(0,-1).map((p,l)=>l===t-1?c:p)});return m`<div class="layer-head">
<b>${o?u("play.outputLayer"):u("play.layer",{l:t})}</b>
${o?m`<span class="quiet">${r}</span>`:m`<span class="stepper">
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
${Pa.map(c=>m`<option value=${c}>${c}</option>`)}
</select>`}
</div>`}function vo({parameters:t,surface:e}){let{session:n,unitOpen:r}=k(),{layer_dims:o,activations:s,output:a}=n.network,{names:i}=n.lesson.data,c=g=>Math.min(g,Ze),l=Math.max(...o.map(c))*(ie+Ln),d=(g,w)=>(l-c(o[g])*(ie+Ln))/2+w*(ie+Ln)+ie/2,h=g=>100*(g+.5)/o.length,f=(g,w)=>Array.from({length:c(g)},(M,T)=>w(T)),$=o.slice(1).flatMap((g,w)=>{let M=t[`W${w+1}`],T=Dt(M)||1;return f(o[w],H=>f(g,z=>{let B=E(M,z,H);return m`<line
key=${`${w}.${H}.${z}`}
class=${B<0?"is-negative":"is-positive"}
x1=${`${h(w)}%`} y1=${d(w,H)} x2=${`${h(w+1)}%`} y2=${d(w+1,z)}
stroke-width=${(.5+3.5*Math.abs(B)/T).toFixed(2)}
stroke-opacity=${(.25+.65*Math.abs(B)/T).toFixed(2)}
/>`}))}),_=o.slice(1,-1),b=s.slice(0,-1);return m`<div class="depth">
<span id="depth-label">${u("play.layers")}</span>
<span class="stepper" role="group" aria-labelledby="depth-label">
<button
type="button"
aria-label=${u("play.fewerLayers")}
disabled=${_.length<=1}
onClick=${()=>Ct({hidden:_.slice(0,-1),activations:b.slice(0,-1)})}
>−</button>
<span>${_.length}</span>
<button
type="button"
aria-label=${u("play.moreLayers")}
disabled=${_.length>=5}
onClick=${()=>Ct({hidden:[..._,4],activations:[...b,b.at(-1)??"tanh"]})}
>+</button>
</span>
</div>
<div class="network-scroll" tabindex="0" role="group" aria-label=${u("play.network")}>
<div
class="network"
style=${{height:`${Ie+l+(Math.max(...o)>Ze?20:8)}px`,minWidth:`${o.length*80}px`}}
>
<svg class="links" aria-hidden="true" style=${{top:`${Ie}px`,height:`${l}px`}}>${$}</svg>
${o.map((g,w)=>m`<div class="layer" key=${w} style=${{left:`${100*w/o.length}%`,width:`${100/o.length}%`}}>
<${La} l=${w} dims=${o} activations=${s} output=${a} />
${f(g,M=>{let T=r?.[0]===w&&r?.[1]===M,H={top:`${Ie+d(w,M)-ie/2}px`};if(w===0)return m`<span class="unit is-input" key=${M} style=${H} title=${i?.[M]}><${xo}
A=${e.values?.get("A0")}
row=${M}
high=${e.high}
/><span class="unit-name">${i?.[M]??`x${M+1}`}</span></span>`;let z=x(E(t[`b${w}`],M,0),2);return m`<button
type="button"
key=${M}
class=${`unit${T?" is-open":""}`}
style=${H}
aria-pressed=${T?"true":"false"}
aria-label=${u("play.unitLabel",{j:M,l:w,b:z})}
onClick=${()=>v({unitOpen:[w,M]})}
>
<${xo} A=${e.values?.get(`A${w}`)} row=${M} high=${e.high} />
<span class="unit-bias" aria-hidden="true">${z}</span>
</button>`})}
${g>Ze?m`<span
class="unit-more"
style=${{top:`${Ie+l-4}px`}}
>${u("play.more",{n:g-Ze})}</span>`:null}
</div>`)}
</div>
</div>
<p class="quiet note">${u("play.legend")}</p>`}var Zn=16;function ko({label:t,name:e,row:n,col:r,value:o}){return m`<label class="field is-number">
<span>${t}</span>
<input
type="number"
step="0.1"
value=${Number(o.toPrecision(6))}
data-tensor=${e}
data-row=${n}
data-col=${r}
data-value=${String(o)}
onChange=${s=>mo(e,n,r,s.target.valueAsNumber)}
/>
</label>`}function Ao({parameters:t}){let{session:e,unitOpen:n}=k(),{layer_dims:r}=e.network,[o,s]=n??[r.length-1,0];if(!(o<r.length&&s<r[o]))return null;let a=t[`W${o}`],{names:i}=e.lesson.data,c=p=>o===1?i?.[p]??`x${p+1}`:`A${o-1}[${p}]`;return m`<section class="unit-panel" aria-labelledby="unit-title">
<div class="unit-panel-head">
<h3 id="unit-title">${u("play.unit",{j:s,l:o})}</h3>
<button
type="button"
class="button is-quiet is-small"
onClick=${()=>pt({name:`Z${o}`,row:s,col:0})}
>${u("play.look",{l:o})}</button>
</div>
<div class="fields">
<${ko} label=${u("play.bias")} name=${`b${o}`} row=${s} col=${0} value=${E(t[`b${o}`],s,0)} />
${Array.from({length:Math.min(a.cols,Zn)},(p,l)=>m`<${ko}
key=${l}
label=${u("play.weightFrom",{from:c(l)})}
name=${`W${o}`}
row=${s}
col=${l}
value=${E(a,s,l)}
/>`)}
</div>
${a.cols>Zn?m`<p class="quiet">${u("play.moreWeights",{n:a.cols-Zn,l:o})}</p>`:null}
</section>`}var nt=320;function Za(t,e,n,r){if(n==="numbers")return ut(t.data[e],r);if(n==="binary")return ut((2*t.data[e]-1)*(r?.6:.75),r);let o=0;for(let i=1;i<t.rows;i++)t.data[i*t.cols+e]>t.data[o*t.cols+e]&&(o=i);let s=(r?.5:.65)*t.data[o*t.cols+e],a=r?[20,24,30]:[255,255,255];return Rt[o%Rt.length].map((i,c)=>Math.round(a[c]+(i-a[c])*s))}function Ia(t,e,n){let r=K(),o=document.createElement("canvas");o.width=o.height=F;let s=o.getContext("2d"),a=s.createImageData(F,F);for(let i=0;i<F*F;i++)a.data.set([...Za(e,i,n,r),255],4*i);s.putImageData(a,0,0),t.imageSmoothingEnabled=!0,t.drawImage(o,0,0,2*nt,2*nt)}function Ra(t,e,n){t.clearRect(0,0,2*nt,2*nt),t.beginPath();for(let r=0;r<e.cols;r++){let o=2*nt*(1-(e.data[r]-n.y[0])/(n.y[1]-n.y[0]));t[r?"lineTo":"moveTo"](2*nt*r/(e.cols-1),o)}t.lineWidth=6,t.strokeStyle=K()?"#f0a860":"#b34700",t.stroke()}function Da({lesson:t,network:e},n){let{data:r}=t,o=Hr(e,n,r.X);if(r.kind==="numbers"){let a=0;for(let i=0;i<o.data.length;i++)a+=(o.data[i]-r.Y.data[i])**2;return u("play.error",{value:x(a/o.cols)})}let s=0;for(let a=0;a<o.cols;a++)s+=Wt({Y:o},a)===Wt(r,a)?1:0;return u("play.accuracy",{n:s,m:o.cols})}function Mo({parameters:t,surface:e}){let{session:n,paint:r}=k(),o=R(null),{data:s}=n.lesson,a=n.network.activations.length,{frame:i,values:c}=e;W(()=>{if(!c)return;let f=o.current.getContext("2d"),$=c.get(`A${a}`);s.X.rows===1?(f.clearRect(0,0,2*nt,2*nt),Ra(f,$,i)):Ia(f,$,s.kind),xn(f,s,i,2*nt,6)});let p=f=>{if(r===null||s.X.rows!==2)return;let $=o.current.getBoundingClientRect(),[_,b]=[(f.clientX-$.left)/$.width,1-(f.clientY-$.top)/$.height];Pe([i.x[0]+_*(i.x[1]-i.x[0]),i.y[0]+b*(i.y[1]-i.y[0])],Nn(s,r))},[l,d]=[s.names?.[0]??"x1",s.X.rows===1?"Y":s.names?.[1]??"x2"],h=Da(n,t);return m`<section class="card" aria-labelledby="map-title">
<div class="card-head"><h2 id="map-title">${u("play.map")}</h2><span class="quiet" data-fit>${h}</span></div>
${c?m`<canvas
class=${`decision${r===null?"":" is-painting"}`}
ref=${o}
width=${2*nt}
height=${2*nt}
role="img"
aria-label=${`${u("play.mapText",{x:l,y:d})} ${h}`}
onClick=${p}
></canvas>`:null}
${s.X.rows>2&&c?m`<p class="quiet note">${u("play.mapHint",{x:l,y:d})}</p>`:null}
</section>`}var[Re,Ut,Bt,In]=[320,132,40,20],Wa=300;function So(t,e){let n=Math.max(1,Math.ceil(t.length/e)),r=[];for(let o=0;o<t.length;o+=n)t[o]!==void 0&&r.push([o+1,t[o]]);return t.length&&r.at(-1)?.[0]!==t.length&&r.push([t.length,t.at(-1)]),r}function To(){let{session:t,k:e}=k(),{costs:n}=t,r=So(n,Wa),o=Math.max(...r.map(([,d])=>d),1e-12),s=r.reduce((d,[,h])=>Math.min(d,h),1/0),a=d=>Bt+(Re-Bt-6)*(d-1)/Math.max(1,n.length-1),i=d=>8+(Ut-In-8)*(1-d/o),c=n.length?u("play.costText",{first:x(r[0][1]),last:x(n.at(-1)),low:x(s),n:n.length}):u("play.costNone"),p=r.findLast(([d])=>d<=e)??r[0],l=n[e-1]===void 0?p:[e,n[e-1]];return m`<section class="card" aria-labelledby="cost-title">
<div class="card-head"><h2 id="cost-title">${u("play.cost")}</h2>${n.length?m`<span class="quiet">${x(l[1])}</span>`:null}</div>
<svg class="curve" viewBox=${`0 0 ${Re} ${Ut}`} role="img" aria-label=${c}>
<path class="axis" d=${`M${Bt} 8V${Ut-In}H${Re-6}`} />
${n.length?m`<text x=${Bt-5} y="13" text-anchor="end">${x(o,3)}</text>
<text x=${Bt-5} y=${Ut-In} text-anchor="end">0</text>
<text x=${Bt} y=${Ut-5}>1</text>
<text x=${Re-6} y=${Ut-5} text-anchor="end">${n.length}</text>
<path
class="line"
d=${r.map(([d,h],f)=>`${f?"L":"M"}${a(d).toFixed(1)} ${i(h).toFixed(1)}`).join("")}
/>
<circle class="dot" cx=${a(l[0])} cy=${i(l[1])} r="4" />`:null}
</svg>
<p class="quiet note">${c}</p>
${n.length?m`<details>
<summary>${u("play.table")}</summary>
<table class="plain">
<thead><tr><th>${u("bar.unit.update")}</th><th>J</th></tr></thead>
<tbody>${So(n,12).map(([d,h])=>m`<tr key=${d}><th scope="row"><button
type="button"
class="link"
onClick=${()=>D(d)}
>${d}</button></th><td data-value=${String(h)}>${x(h)}</td></tr>`)}</tbody>
</table>
</details>`:null}
</section>`}function Rn({data:t}){let e=0;for(let n of t)e+=n*n;return Math.sqrt(e/t.length)}var Fa=new Set(["relu"]),Eo={tanh:.97,sigmoid:.97};function Ha(t){let e=0;for(let n=0;n<t.rows;n++)t.data.subarray(n*t.cols,(n+1)*t.cols).every(r=>r===0)&&(e+=1);return e}function ja(t,e){let n=Eo[e],r=0;for(let o of t.data)(e==="tanh"?Math.abs(o)>n:o>n||o<1-n)&&(r+=1);return r/t.data.length}function Co({problem:t,values:e}){let{activations:n}=t.network;return n.map((r,o)=>{let s=o+1,[a,i]=[e.get(`W${s}`),e.get(`W${s}′`)],c={data:a.data.map((l,d)=>i.data[d]-l)},p=e.get(`g(Z${s})`)??e.get(`A${s}`);return{layer:s,activation:r,gradient:Rn(e.get(`dW${s}`)),ratio:Rn(c)/(Rn(a)||1),...Fa.has(r)?{dead:Ha(p)}:{},...r in Eo&&s<n.length?{saturated:ja(p,r)}:{}}})}function Ua({dead:t,saturated:e}){return t?m`<span class="is-bad">${u("layers.dead",{n:t})}</span>`:e>.5?m`<span class="is-bad">${u("layers.saturated",{share:Math.round(100*e)})}</span>`:m`<span class="is-good">✓</span>`}function Oo(){let t=Co(P()),e=Math.max(...t.map(({gradient:n})=>n))||1;return m`<section class="card" aria-labelledby="layers-title">
<h2 id="layers-title">${u("layers.title")}</h2>
<div class="table-scroll">
<table class="plain layers">
<thead><tr><th>${u("layers.layer")}</th><th>${u("layers.gradient")}</th><th>${u("layers.ratio")}</th><th>${u("layers.units")}</th></tr></thead>
<tbody>
${t.map(n=>m`<tr key=${n.layer}>
<th scope="row">${n.layer}</th>
<td><span
class="layers-bar"
style=${{width:`${Math.max(2,44*(n.gradient/e))}px`}}
></span>${x(n.gradient,2)}</td>
<td>${x(n.ratio,2)}</td>
<td>${Ua(n)}</td>
</tr>`)}
</tbody>
</table>
</div>
</section>`}function No(){let{session:t,k:e}=k(),{parameters:n}=t.state(e-1),r=_o(t,n);return m`<div class="play">
<h1 class="visually-hidden">${u("screen.play")}</h1>
<div class="play-left">
<${yo} />
<${$o} />
</div>
<section class="card play-network" aria-labelledby="network-title">
<h2 id="network-title">${u("play.network")}</h2>
<${vo} parameters=${n} surface=${r} />
<${Ao} parameters=${n} />
</section>
<div class="play-right">
<${Mo} parameters=${n} surface=${r} />
<${To} />
<${Oo} />
</div>
</div>`}var Ba=/^(?:(v|s|v̂|ŝ)_)?(d)?(?:(g)\()?(A|Z|W|b|mask)(\d+)\)?(_decayed|_data|_L2|′|⁻)?$/u;function _t(t){let e=Ba.exec(t);if(!e)return null;let[,n,r,o,s,a,i]=e;return{slot:n,derivative:!!r,before:!!o,letter:s,layer:Number(a),suffix:i??""}}function De(t){let e=_t(t);if(t==="loss")return["axis.one","axis.examples"];if(t==="Y")return["axis.outputs","axis.examples"];if(t.startsWith("J"))return["axis.one","axis.one"];if(!e)return["axis.rows","axis.columns"];let n=e.layer===0?"axis.inputs":"axis.units";return e.letter==="W"?[n,e.layer===1?"axis.inputs":"axis.unitsBefore"]:e.letter==="b"?[n,"axis.one"]:[n,"axis.examples"]}function at({name:t}){let e=_t(t);if(!e)return m`<span class="name"><i>${t.startsWith("J_")?m`J<sub>${t.slice(2)}</sub>`:t}</i></span>`;let{slot:n,derivative:r,before:o,letter:s,layer:a,suffix:i}=e,c=m`<i>${r?"d":""}${o?"g(":""}${s==="mask"?"mask":s}</i><sup>[${a}]</sup>${o?m`<i>)</i>`:""}`,p=i==="′"?"′":i==="⁻"?"":i.replace("_"," ");return m`<span class="name">${n?m`<i>${n}</i><sub>${c}</sub>`:c}${i==="⁻"?m`<sub>before</sub>`:p}</span>`}var le=(...t)=>m`<mrow>${t}</mrow>`;function qo(t,e){let n=_t(t),r=($,..._)=>m`<msup>${$}<mrow>${_}</mrow></msup>`,o=e?m`<mi>T</mi>`:null;if(!n)return t.startsWith("J_")?m`<msub><mi>J</mi><mi>${t.slice(2)}</mi></msub>`:m`<mi>${t}</mi>`;let{slot:s,derivative:a,before:i,letter:c,layer:p,suffix:l}=n,d=[m`<mo stretchy="false">[</mo>`,m`<mn>${p}</mn>`,m`<mo stretchy="false">]</mo>`,o],h=r(a?le(m`<mi>d</mi>`,m`<mi>${c}</mi>`):m`<mi>${c}</mi>`,...d),f=i?le(m`<mi>${a?"dg":"g"}</mi>`,m`<mo>(</mo>`,r(m`<mi>${c}</mi>`,...d),m`<mo>)</mo>`):h;return s?m`<msub><mi>${s}</mi>${le(f)}</msub>`:l==="′"?le(f,m`<mo>′</mo>`):l.startsWith("_")?m`<msub>${f}<mi>${l.slice(1)}</mi></msub>`:f}var Ya=/^(.+)\/(.+)$/;function za(t){let e=Ya.exec(t);return e?m`<mfrac><mi>${e[1]}</mi><mi>${e[2]}</mi></mfrac><mspace width="0.2em" />`:/^[a-zα-ω][a-z_α-ω₀-₉]*′?$/u.test(t)?m`<mi mathvariant=${t.length>1?"normal":void 0}>${t}</mi>`:/^(\d+|log)$/.test(t)?m`<mn>${t}</mn>`:m`<mo stretchy="false">${t}</mo>`}function Xa(t){return typeof t=="string"?za(t):t.power?m`<msup><mi>e</mi>${le(qo(t.power.name))}</msup>`:qo(t.name,t.transposed)}var Dn={momentum:{v:["β","v","+","(1 − β)","g"],theta:["−","α","v"]},nesterov:{v:["β","v","−","α","g"],theta:["+","β","v","−","α","g"]},rmsprop:{s:["β","s","+","(1 − β)","g²"],theta:["−","α","g / (√s + ε)"]},adam:{v:["β₁","v","+","(1 − β₁)","g"],s:["β₂","s","+","(1 − β₂)","g²"],theta:["−","α","v̂ / (√ŝ + ε)"]},lion:{v:["β₂","v","+","(1 − β₂)","g"],theta:["−","α","sign(β₁v + (1 − β₁)g)"]}};Dn.adamw=Dn.adam;var Ja={sigmoid:t=>["Σ","(","log","(","1","+",{power:t},")","−",{name:"Y"},"∘",t,")"],softmax:t=>["log","Σ",{power:t},"−","Σ",{name:"Y"},"∘",t],identity:t=>["1/2","Σ","(",t,"−",{name:"Y"},")","²"]};function Po({step:t,optimizer:e,output:n}){if(t.formula)return m`<span class="equation is-text">${t.formula}</span>`;let{tokens:r}=t,o=Dn[e];t.kind==="slot"&&o&&(r=[r[0],"=",...o[_t(t.id).slot]]),t.kind==="update"&&o&&(r=[r[0],"=",r[2],...o.theta]);let s={name:`d${_t(t.id)?.letter}${t.layer}`};return t.phase==="update"&&(r=r.flatMap(a=>a==="g"?[s]:a==="g²"?[s,"²"]:[a])),t.kind==="loss"&&(r=[r[0],"=",...Ja[n](r[4])]),t.kind==="batch"&&(r=[r[0],"=",{name:"X"}]),m`<math class="equation" display="block">
<mrow>${r.map(Xa)}</mrow>
</math>`}function Ga(t){let e=[];return t.forEach((n,r)=>{e.at(-1)?.phase!==n.phase&&e.push({phase:n.phase,steps:[]}),e.at(-1).steps.push({...n,at:r})}),e}function Lo(){let{micro:t}=k(),e=R(null),{steps:n}=P();lt(()=>{let o=e.current,s=requestAnimationFrame(()=>{let a=o.querySelector('[aria-current="step"]');a&&(o.scrollLeft=a.offsetLeft-o.clientWidth/2+a.offsetWidth/2)});return()=>cancelAnimationFrame(s)},[t,n]);let r=o=>{let s={Home:0,End:n.length-1}[o.key];s!==void 0&&(o.preventDefault(),St(s))};return m`<nav class="ribbon" ref=${e} aria-label=${u("lab.steps")} onKeyDown=${r}>
${Ga(n).map(({phase:o,steps:s})=>m`<div class=${`ribbon-group phase-${o}`} key=${s[0].id}>
<span class="ribbon-phase" id=${`phase-${s[0].at}`}>${u(`phase.${o}`)}</span>
<ol aria-labelledby=${`phase-${s[0].at}`}>
${s.map(({id:a,at:i})=>m`<li key=${a}>
<button
type="button"
class="ribbon-step"
data-micro=${a}
tabindex=${i===t?0:-1}
aria-current=${i===t?"step":void 0}
onClick=${()=>St(i)}
>
<${at} name=${a} />
</button>
</li>`)}
</ol>
</div>`)}
</nav>`}var Va=320,Zo=112;function Ka(t,e,n,r,o){let s=t.createImageData(r,o),a=Dt(e)||1,i=K(),[c,p]=n?[e.cols,e.rows]:[e.rows,e.cols];for(let l=0;l<o;l++){let[d,h]=[Math.floor(l*c/o),Math.max(Math.floor((l+1)*c/o),Math.floor(l*c/o)+1)];for(let f=0;f<r;f++){let[$,_]=[Math.floor(f*p/r),Math.max(Math.floor((f+1)*p/r),Math.floor(f*p/r)+1)],b=0,g=0,w=Math.ceil((h-d)/4),M=Math.ceil((_-$)/4);for(let B=d;B<h;B+=w)for(let j=$;j<_;j+=M,g++)b+=n?e.data[j*e.cols+B]:e.data[B*e.cols+j];let[T,H,z]=ut(b/g/a,i);s.data.set([T,H,z,255],4*(l*r+f))}}t.putImageData(s,0,0)}function Io({matrix:t,transposed:e=!1,window:n,onPick:r}){let o=R(null),[s,a]=e?[t.cols,t.rows]:[t.rows,t.cols],i=Math.min(a,Va),c=Math.min(s,Zo);W(()=>Ka(o.current.getContext("2d"),t,e,i,c),[t,e,K()]);let p=Math.max(18,Math.min(Zo,c*(s>24?1:5))),l=h=>{let f=h.currentTarget.getBoundingClientRect(),$=(_,b,g,w)=>Math.max(0,Math.min(w-1,Math.floor((_-b)/g*w)));r($(h.clientY,f.top,f.height,s),$(h.clientX,f.left,f.width,a))},d=(h,f)=>`${100*h/f}%`;return m`<div class="heat" aria-hidden="true" onClick=${l} style=${{height:`${p}px`}}>
<canvas ref=${o} width=${i} height=${c}></canvas>
<span
class="heat-window"
style=${{left:d(n.c0,a),top:d(n.r0,s),width:d(n.c1-n.c0,a),height:d(n.r1-n.r0,s)}}
></span>
</div>`}var Qa=16,Wn=8;function Ro(t,e,n,r=Qa){if(t<=r)return[0,t];let o=Math.min(Math.floor((e??0)/n)*n,t-n);return[o,o+n]}var[ce,Yt]=[{cell:56,decimals:4},{cell:44,decimals:3}],Do=[{whole:16,few:6,...ce},{whole:16,few:4,...ce},{whole:16,few:4,...Yt},{whole:16,few:3,...Yt},{whole:8,few:5,...ce},{whole:8,few:4,...Yt},{whole:8,few:3,...Yt},{whole:6,few:5,...Yt},{whole:6,few:4,...Yt}],ti={whole:4,few:4,...ce},[Fn,Wo]=[26,100];function Fo(t,e,n){let r=n.reduce((a,i)=>a+Math.max(14,10*i.length)+13,0),o=({whole:a,few:i,cell:c})=>r+e.reduce((p,l)=>p+Math.max(Wo,Fn+c*(l<=a?l:i)),0),s=Do.find(a=>o(a)<=t);return s||(t<560?{...ti,few:Math.max(2,Math.floor((t-Fn)/ce.cell))}:Do[5])}function pe(t,e){let n=t.get(e);if(typeof n=="number")return{rows:1,cols:1,data:Float64Array.of(n)};if(n)return n;let r=t.get(e.replace(/^.+?_d|⁻$/gu,"").replace("⁻",""));return r?{rows:r.rows,cols:r.cols,data:new Float64Array(r.data.length)}:null}var ei={ArrowUp:(t,e)=>[t-1,e],ArrowDown:(t,e)=>[t+1,e],ArrowLeft:(t,e)=>[t,e-1],ArrowRight:(t,e)=>[t,e+1],Home:t=>[t,0],End:t=>[t,1/0],PageUp:(t,e)=>[t-Wn,e],PageDown:(t,e)=>[t+Wn,e]};function Ho({name:t,matrix:e,size:n,transposed:r=!1,lit:o,result:s=!1}){let{cursor:a}=k(),i=R(null),c=(S,C)=>r?[C,S]:[S,C],[p,l]=c(e.rows,e.cols),d=a?.name===t?a:null,h=o.find(S=>S.name===t),[f,$]=d?c(d.row,d.col):h?c(h.row,h.col):[0,0],[_,b]=Ro(p,f,Wn),[g,w]=Ro(l,$,n.few,n.whole),M=Dt(e),T=bo(M,n.decimals),H=wo(T.power),z=[...b-_<p?[u("lab.rows",{from:_,to:b-1,of:p})]:[],...w-g<l?[u("lab.columns",{from:g,to:w-1,of:l})]:[]],B=z.length===0;lt(()=>{!d||!y.focusCursor||(y.focusCursor=!1,i.current.querySelector('[tabindex="0"]')?.focus())});let j=(S,C,V)=>{let[ot,Xt]=[Math.max(0,Math.min(p-1,S)),Math.max(0,Math.min(l-1,C))],[de,fe]=c(ot,Xt);It({name:t,row:de,col:fe},V)},zt=S=>{let C=S.closest("[data-tensor]");return C&&c(Number(C.dataset.row),Number(C.dataset.col))},rt=S=>{let C=zt(S.target);if(!C||S.ctrlKey||S.metaKey||S.altKey)return;if(S.key==="Enter")return pt({name:t,row:c(...C)[0],col:c(...C)[1]});let V=ei[S.key];!V||S.shiftKey||(S.preventDefault(),S.stopPropagation(),j(...V(...C),!0))},it=S=>{let C=zt(S.target);C&&j(...C,!0)},[G,Y]=c(...De(t)),gs=(S,C)=>{if(!h)return!1;let[V,ot]=c(S,C);return(h.row===null||h.row===V)&&(h.col===null||h.col===ot)},ws=d?c(d.row,d.col)[0]:_,xs=d?c(d.row,d.col)[1]:g,ze=(S,C)=>Array.from({length:C-S},(V,ot)=>S+ot),vs=r?`${t}ᵀ`:t;return m`<figure
class=${`matrix${s?" is-result":""}`}
style=${{"--cell":`${n.cell}px`,width:`${Math.max(Wo,Fn+n.cell*(w-g))}px`}}
>
<figcaption>
<span class="matrix-name"><${at} name=${t} />${r?m`<sup>T</sup>`:null}</span>
<span class="matrix-shape">${u("lab.shape",{rows:p,cols:l})}${H?m`<b> ${H}</b>`:null}</span>
</figcaption>
<div class="matrix-scroll">
<div
class="grid"
role="grid"
ref=${i}
aria-label=${`${vs}, ${u(G)} × ${u(Y)}, ${u("lab.shape",{rows:p,cols:l})}`}
aria-rowcount=${p}
aria-colcount=${l}
onKeyDown=${rt}
onClick=${it}
>
<div class="grid-head" aria-hidden="true">
<span></span>${ze(g,w).map(S=>m`<span key=${S}>${S}</span>`)}
</div>
${ze(_,b).map(S=>m`<div class="grid-row" role="row" aria-rowindex=${S+1} key=${S}>
<span class="grid-index" aria-hidden="true">${S}</span>
${ze(g,w).map(C=>{let[V,ot]=c(S,C),Xt=e.data[V*e.cols+ot],de=go(Xt,T),fe=d&&d.row===V&&d.col===ot;return m`<span
key=${C}
role="gridcell"
class=${`cell${fe?" is-cursor":""}${gs(S,C)?" is-lit":""}`}
aria-colindex=${C+1}
aria-selected=${fe?"true":"false"}
aria-label=${u("lab.cell",{name:t,row:V,col:ot,value:`${de} ${H}`})}
tabindex=${S===ws&&C===xs?0:-1}
data-tensor=${t}
data-row=${V}
data-col=${ot}
data-value=${Ot(Xt)}
style=${{backgroundColor:no(Xt,M)}}
>${de}</span
>`})}
</div>`)}
</div>
</div>
<div class="matrix-axes">
${u(G)} × ${u(Y)}
${z.map(S=>m`<br />${S}`)}
</div>
${B?null:m`<${Io}
matrix=${e}
transposed=${r}
window=${{r0:_,r1:b,c0:g,c1:w}}
onPick=${(S,C)=>j(S,C,!1)}
/>`}
</figure>`}async function We(t){try{return await navigator.clipboard.writeText(t),!0}catch{let e=Object.assign(document.createElement("textarea"),{value:t});document.body.append(e),e.select();let n=document.execCommand("copy");return e.remove(),n}}function Hn(t,e,n){let r=URL.createObjectURL(new Blob([e],{type:n})),o=Object.assign(document.createElement("a"),{href:r,download:t});document.body.append(o),o.click(),o.remove(),setTimeout(()=>URL.revokeObjectURL(r),1e4)}var q=(t,e,n)=>({name:t,row:e,col:n}),bt=(t,e,n)=>`${t}[${e}, ${n}]`,jo={batch({opened:t},e,n){return{symbols:`A0[${e}, ${n}] = X[${e}, ${t.problem.batch[n]}]`,code:`X[${e}, ${t.problem.batch[n]}]`,lit:[]}},linear({values:t,layer:e},n,r){let[o,s,a]=[`W${e}`,`A${e-1}`,`b${e}`],i=jn(t,o,s,t.get(o).cols,p=>[q(o,n,p),q(s,p,r)]),c=E(t.get(a),n,0);return{symbols:`Σₖ ${o}[${n}, k]·${s}[k, ${r}] + ${bt(a,n,0)}`,code:`(${o} @ ${s} + ${a})[${n}, ${r}]`,lit:[{name:o,row:n,col:null},{name:s,row:null,col:r},q(a,n,0)],terms:i,added:[{place:q(a,n,0),label:a,value:c}]}},activation({values:t,step:e,opened:n,layer:r},o,s){let a=n.problem.network.activations[r-1],i=E(t.get(`Z${r}`),o,s),c=a==="softmax";return{symbols:c?`e^Z${r}[${o}, ${s}] / Σₖ e^Z${r}[k, ${s}]`:`${a}(Z${r}[${o}, ${s}])`,puts:c?void 0:`${a}(${x(i)})`,code:`${a}(Z${r})[${o}, ${s}]`,lit:[c?{name:`Z${r}`,row:null,col:s}:q(`Z${r}`,o,s)]}},dropout:({values:t,step:e},n,r)=>Un(t,e,n,r,"*"),dropout_back:({values:t,step:e},n,r)=>Un(t,e,n,r,"*"),loss({values:t,opened:e,layer:n},r,o){let{output:s}=e.problem.network,[a,i]=[t.get(`Z${n}`),t.get("Y")],c=a.rows===1,[p,l]=[x(E(a,0,o)),x(E(i,0,o))],d={sigmoid:[`Σ (log(1 + e^Z${n}) − Y·Z${n}) in column ${o}`,`log(1 + e^(${p})) − ${l}·(${p})`],softmax:[`log Σₖ e^Z${n}[k, ${o}] − Σₖ Y[k, ${o}]·Z${n}[k, ${o}]`,""],identity:[`½ Σ (Z${n} − Y)² in column ${o}`,`½·(${p} − (${l}))²`]},[h,f]=d[s];return{symbols:h,puts:c&&f?f:void 0,code:`loss[0, ${o}]`,lit:[{name:`Z${n}`,row:null,col:o},{name:"Y",row:null,col:o}]}},cost({values:t}){let e=t.get("loss"),n=t.has("J_L2")?[{place:null,label:"J_L2",value:t.get("J_L2")}]:[];return{symbols:`1/m Σᵢ loss[0, i]${n.length?" + J_L2":""}`,code:`loss.mean()${n.length?" + J_L2":""}`,lit:[{name:"loss",row:0,col:null}],terms:Array.from(e.data,(r,o)=>({factors:[q("loss",0,o)],value:r})),scale:e.cols,added:n}},output:({values:t,step:e},n,r)=>Un(t,e,n,r,"-"),weights({values:t,layer:e,opened:n},r,o){let[s,a]=[`dZ${e}`,`A${e-1}`],i=t.get(s).cols,c=jn(t,s,a,i,d=>[q(s,r,d),q(a,o,d)]),p=t.get(`dW${e}_L2`),l=`W${e}`;return{symbols:`1/${i} Σᵢ ${s}[${r}, i]·${a}[${o}, i]${p?` + λ/${i}·${bt(l,r,o)}`:""}`,code:`(${s} @ ${a}.T / ${i}${p?` + l2 / ${i} * ${l}`:""})[${r}, ${o}]`,lit:[{name:s,row:r,col:null},{name:a,row:o,col:null},...p?[q(l,r,o)]:[]],terms:c,scale:i,added:p?[{place:q(l,r,o),label:`λ/m·${l}`,value:E(p,r,o)}]:[]}},bias({values:t,layer:e},n){let r=t.get(`dZ${e}`);return{symbols:`1/${r.cols} Σᵢ dZ${e}[${n}, i]`,code:`dZ${e}.sum(axis=1, keepdims=True)[${n}, 0] / ${r.cols}`,lit:[{name:`dZ${e}`,row:n,col:null}],terms:Array.from({length:r.cols},(o,s)=>({factors:[q(`dZ${e}`,n,s)],value:E(r,n,s)})),scale:r.cols}},back({values:t,layer:e},n,r){let o=e+1,[s,a]=[`W${o}`,`dZ${o}`];return{symbols:`Σₖ ${s}[k, ${n}]·${a}[k, ${r}]`,code:`(${s}.T @ ${a})[${n}, ${r}]`,lit:[{name:s,row:null,col:n},{name:a,row:null,col:r}],terms:jn(t,s,a,t.get(s).rows,i=>[q(s,i,n),q(a,i,r)])}},activation_back({values:t,step:e,opened:n,layer:r},o,s){let a=n.problem.network.activations[r-1],i=e.tokens[2].name,[c,p]=[E(t.get(i),o,s),E(t.get(`Z${r}`),o,s)],l=c===0?"":`   (slope ${x(E(t.get(`dZ${r}`),o,s)/c)})`;return{symbols:`${bt(i,o,s)} · ${a}′(Z${r}[${o}, ${s}])`,puts:`${x(c)} · ${a}′(${x(p)})${l}`,code:`${a}_backward(${i}, Z${r})[${o}, ${s}]`,lit:[q(i,o,s),q(`Z${r}`,o,s)]}},decay({values:t,step:e,opened:n},r,o){let{learning_rate:s,weight_decay:a}=n.problem.training,i=e.tokens[3].name;return{symbols:`(1 − α·λ)·${bt(i,r,o)}`,puts:`(1 − ${x(s)}·${x(a)})·${x(E(t.get(i),r,o))}`,code:`(1 - ${s} * ${a}) * ${i}[${r}, ${o}]`,lit:[q(i,r,o)]}},slot({values:t,step:e,opened:n},r,o){let{slot:s}=_t(e.id),a=e.tokens[4].name,i=t.has(`${e.id}⁻`)?E(t.get(`${e.id}⁻`),r,o):0,c=E(t.get(a),r,o),{training:p}=n.problem,l={...U[p.optimizer].defaults,...p.hyperparameters},d=s==="s"?"²":"";if(p.optimizer==="nesterov")return{symbols:`β·v − α·${bt(a,r,o)}`,puts:`${l.beta}·${x(i)} − ${x(p.learning_rate)}·${x(c)}`,code:`${l.beta} * v - ${p.learning_rate} * ${a}[${r}, ${o}]`,lit:[q(a,r,o),q(`${e.id}⁻`,r,o)]};let h=p.optimizer==="lion",f=l.beta??(s==="s"||h?l.beta2:l.beta1);return{symbols:`β·${s} + (1 − β)·${bt(a,r,o)}${d}`,puts:`${f}·${x(i)} + ${x(1-f)}·(${x(c)})${d}`,code:`${f} * ${s} + (1 - ${f}) * ${a}[${r}, ${o}]${d?" ** 2":""}`,lit:[q(a,r,o),q(`${e.id}⁻`,r,o)]}},update({values:t,step:e,opened:n},r,o){let{optimizer:s,learning_rate:a}=n.problem.training,i=e.tokens.filter(g=>typeof g=="object").slice(1).map(({name:g})=>g),[c,...p]=i,l=g=>x(E(t.get(g),r,o)),[d,h]=p,f={gd:[`${c} − α·${d}`,`${l(c)} − ${x(a)}·(${l(d)})`],momentum:[`${c} − α·v`,`${l(c)} − ${x(a)}·(${l(d)})`],nesterov:[`${c} + β·v − α·g`,`${l(c)} + β·(${l(d)}) − ${x(a)}·(${l(p.at(-1))})`],rmsprop:[`${c} − α·g / (√s + ε)`,`${l(c)} − ${x(a)}·(${l(p.at(-1))}) / (√${l(d)} + ε)`],lion:[`${c} − α·sign(β₁·v + (1 − β₁)·g)`,""]},$=[`${c} − α·v̂ / (√ŝ + ε)`,h?`${l(c)} − ${x(a)}·(${l(d)}) / (√${l(h)} + ε)`:""],[_,b]=f[s]??$;return{symbols:_,puts:b||void 0,code:`${e.equation}(…)[${r}, ${o}]`,lit:i.map(g=>q(g,r,o))}}};function jn(t,e,n,r,o){let[s,a]=[t.get(e),t.get(n)];return Array.from({length:r},(i,c)=>{let[p,l]=o(c);return{factors:[p,l],value:E(s,p.row,p.col)*E(a,l.row,l.col)}})}function Un(t,e,n,r,o){let[s,a]=e.tokens.filter(c=>typeof c=="object").slice(1).map(({name:c})=>c),i=o==="-"?"−":"∘";return{symbols:`${bt(s,n,r)} ${i==="∘"?"·":i} ${bt(a,n,r)}`,puts:`${x(E(t.get(s),n,r))} ${i==="∘"?"·":i} ${x(E(t.get(a),n,r))}`,code:`(${s} ${o} ${a})[${n}, ${r}]`,lit:[q(s,n,r),q(a,n,r)]}}function Fe(t,e,n,r){let o=t.steps.find(({id:s})=>s===e);return!o||!jo[o.kind]?null:jo[o.kind]({opened:t,values:t.values,step:o,layer:o.layer},n,r)}var ni=/^d(A|Z|g)/,ri=t=>t.slice(1);function Bn(t,e,n,r,o){let s=ri(n),a=e.get(s),i=ni.test(n)?e.get("Y").cols:1,c=r*a.cols+o,p=$=>{let _=ke(a);return _.data[c]=$,kt(t,new Map,{name:s,value:_}).get("J")},l=a.data[c],d=.02*Math.max(1,Math.abs(l)),h={value:NaN,error:1/0},f=[];for(let $=0;$<9;$++,d/=2){let _=[(p(l+d)-p(l-d))/(2*d)*i];for(let b=1,g=4;b<=$;b++,g*=4){_.push((g*_[b-1]-f[b-1])/(g-1));let w=Math.max(Math.abs(_[b]-_[b-1]),Math.abs(_[b]-f[b-1]));w<h.error&&(h={value:_[b],error:w})}f=_}return h}function oi(t,e){return t<=e?Array.from({length:t},(n,r)=>r):Array.from({length:e},(n,r)=>Math.round(r*(t-1)/(e-1)))}function*Uo(t,e,n,r=24){for(let o of n){let s=e.get(o),a=0,i=oi(s.data.length,r),c=!0;for(let p of i){let l=Math.floor(p/s.cols),d=Bn(t,e,o,l,p%s.cols),h=Math.max(Math.abs(s.data[p]),Math.abs(d.value),1e-4),f=Math.abs(s.data[p]-d.value)/h;a=Math.max(a,f),f<1e-6||Math.abs(s.data[p]-d.value)<=10*d.error||(c=!1)}yield{name:o,checked:i.length,of:s.data.length,difference:a,passed:c}}}var Bo=6;function si({explanation:t,values:e,result:n}){let{terms:r,scale:o=1,added:s=[]}=t,a=r.map((l,d)=>({...l,i:d})).sort((l,d)=>Math.abs(d.value)-Math.abs(l.value)),i=a.slice(Bo),c=Math.abs(a[0]?.value)||1,p=({name:l,row:d,col:h})=>E(pe(e,l),d,h);return m`<div class="terms">
<h4>${u("inspect.terms",{n:r.length})}</h4>
<ol>
${a.slice(0,Bo).map(({factors:l,value:d,i:h})=>m`<li key=${h}>
<button
type="button"
class="term"
onClick=${()=>It(l.at(-1))}
title=${l.map(f=>`${f.name}[${f.row}, ${f.col}]`).join(" · ")}
>
<span class="term-index">${h}</span>
<span class="term-factors">${l.map(p).map(f=>x(f)).join(" · ")}</span>
<span class="term-value">${l.length>1?`= ${x(d)}`:""}</span>
<span
class=${`term-bar ${d<0?"is-negative":""}`}
style=${{width:`${100*Math.abs(d)/c}%`}}
></span>
</button>
</li>`)}
</ol>
${i.length?m`<p class="quiet note">${u("inspect.rest",{n:i.length,value:x(i.reduce((l,d)=>l+d.value,0))})}</p>`:null}
<p class="sum">
${o===1?"":m`<span>1/${o} · </span>`}<span>Σ ${x(r.reduce((l,d)=>l+d.value,0))}</span>
${s.map(({label:l,value:d})=>m`<span> + ${l} ${x(d)}</span>`)}
<span> = <b>${x(n)}</b></span>
</p>
</div>`}function ai({open:t,name:e,row:n,col:r,value:o}){let[s,a]=Z(null);if(W(()=>a(null),[t,e,n,r]),!/^d[^_]+$/u.test(e))return null;if(!s)return m`<button type="button" class="button is-quiet" onClick=${()=>a(Bn(t.problem,t.values,e,n,r))}>${u("inspect.numeric")}</button>`;let i=Math.abs(s.value-o),c=i<=1e-6*Math.max(1e-4,Math.abs(o))||i<=10*s.error;return m`<p class="numeric" data-numeric=${Ot(s.value)}>
${u("inspect.numericValue")}: <b>${x(s.value,8)}</b><br />
<span class=${c?"is-good":"is-bad"}>${c?"✓ ":"✗ "}${u(c?"inspect.agrees":"inspect.disagrees",{difference:x(i,2)})}</span>
</p>`}function ii({open:t,name:e,col:n}){let{session:r}=k();if(!De(e).includes("axis.examples"))return null;let{data:o}=r.lesson,s=t.problem.batch[n],a=p=>E(o.X,p,s),i=Array.from({length:Math.min(3,o.X.rows)},(p,l)=>`${o.names?.[l]??`x${l+1}`} = ${x(a(l),3)}`),c=o.classes&&o.kind!=="numbers"?o.classes[Wt(o,s)]:x(E(o.Y,0,s));return m`<p class="quiet note">${u("inspect.example",{col:n,i:s,inputs:`${i.join(", ")}${o.X.rows>3?", …":""}`,target:c})}</p>`}var[Yo,He]=[260,44];function li({name:t,row:e,col:n}){let{session:r,k:o}=k();if(!/^[Wb]\d+$/.test(t)||!r.kept||r.latest.t<2)return null;let s=[...r.kept.values(),r.latest].sort(($,_)=>$.t-_.t),a=Math.ceil(s.length/120),i=s.filter(($,_)=>_%a===0||_===s.length-1).map(({t:$,parameters:_})=>[$,E(_[t],e,n)]),c=i.map(([,$])=>$),[p,l]=[Math.min(...c),Math.max(...c)],d=$=>$/r.latest.t*Yo,h=$=>He-4-($-p)/(l-p||1)*(He-8),f=u("inspect.historyText",{first:x(c[0]),last:x(c.at(-1)),n:r.latest.t});return m`<figure class="history">
<figcaption class="quiet note">${f}</figcaption>
<svg viewBox=${`0 0 ${Yo} ${He}`} class="curve" role="img" aria-label=${f}>
<path
class="line"
d=${i.map(([$,_],b)=>`${b?"L":"M"}${d($).toFixed(1)} ${h(_).toFixed(1)}`).join("")}
/>
<line class="axis" x1=${d(o-1)} x2=${d(o-1)} y1="0" y2=${He} />
</svg>
</figure>`}function zo(){let{cursor:t,session:e}=k(),[n,r]=Z(""),o=P(),s=t&&pe(o.values,t.name);if(W(()=>r(""),[t]),!s)return m`<section
class="card inspector"
aria-label=${u("inspect.title")}
><p class="quiet">${u("inspect.none")}</p></section>`;let{name:a}=t,[i,c]=[Math.min(t.row,s.rows-1),Math.min(t.col,s.cols-1)],p=E(s,i,c),l=Fe(o,a,i,c),d=/^[Wb]\d+$/.test(a),h=Ee().id!==a&&o.steps.some(({id:$})=>$===a),f=async()=>r(await We(Ot(p))?u("inspect.copied"):"");return m`<section class="card inspector" aria-labelledby="inspector-title">
<h3 id="inspector-title">${u("inspect.title")}</h3>
<p class="inspector-head"><${at} name=${a} /><span class="index">[${i}, ${c}]</span><span class="inspector-value">${x(p,6)}</span></p>
${l?m`<dl>
<dt>${u("inspect.formula")}</dt>
<dd class="formula">${l.symbols}</dd>
${l.puts?m`<dt>${u("inspect.puts")}</dt><dd class="formula">${l.puts} = <b>${x(p)}</b></dd>`:null}
</dl>`:m`<p class="quiet">${u(d?"inspect.parameter":e.isRecorded?"inspect.recorded":"inspect.given")}</p>`}
<${ii} open=${o} name=${a} col=${c} />
<${li} name=${a} row=${i} col=${c} />
${l?.terms?m`<${si} explanation=${l} values=${o.values} result=${p} />`:null}
<dl>
<dt>${u("inspect.exact")}</dt>
<dd class="exact">
<code data-exact=${Ot(p)}>${Ot(p)}</code>
<button type="button" class="button is-quiet is-small" onClick=${f}>${n||u("inspect.copy")}</button>
</dd>
${l?m`<dt>${u("inspect.code")}</dt><dd><code>${l.code}</code></dd>`:null}
</dl>
${e.isRecorded?null:m`<${ai} open=${o} name=${a} row=${i} col=${c} value=${p} />`}
${h?m`<button
type="button"
class="button is-quiet"
onClick=${()=>pt({name:a,row:i,col:c})}
>${u("inspect.made")}</button>`:null}
</section>`}function ci(t){return t.replace(/^(\s*)(?:r?"""[\s\S]*?""")\s*\n/m,"")}var pi={linear:/return W @ A_prev/,back:/return cache\[1\]\.T @ dZ/,weights:/return dZ @ A_prev\.T|weight_gradients\(/,bias:/dZ\.sum|weight_gradients\(/,slot:/^\s*[vs] = /,update:/return theta|return \(theta/};function Xo({step:t}){let{session:e}=k(),{sources:n,formulas:r}=e.lesson,o=n?.[t.equation],s=r?.[t.equation];if(!o)return t.equation?m`<section class="card source"><h3>${u("lab.source")}</h3><p class="quiet">${u("lab.noSource")}</p></section>`:null;let a=ci(o.text).trimEnd().split(`
`),i=pi[t.kind]??/^\s*return /,c=a.findLastIndex(p=>i.test(p));return m`<section class="card source" aria-labelledby="source-title">
<h3 id="source-title">${u("lab.source")}</h3>
<p class="quiet">${u("lab.line",o)}</p>
${s?m`<p class="formula">${s}</p>`:null}
<pre tabindex="0" role="region" aria-label=${t.equation}><code>${a.map((p,l)=>m`<span
class=${l===c?"is-current":""}
aria-current=${l===c?"true":void 0}
>${p}${`
`}</span>`)}</code></pre>
</section>`}var ui=7,[Jo,Yn]=[220,96];function Go({step:t}){let{session:e}=k(),{layer_dims:n}=e.network,r=l=>14+l*(Jo-28)/(n.length-1),o=l=>Math.min(n[l],ui),s=(l,d)=>Yn/2+(d-(o(l)-1)/2)*Math.min(13,(Yn-14)/o(l)),i={linear:t.layer,weights:t.layer,back:t.layer+1,update:t.layer,slot:t.layer,decay:t.layer}[t.kind],c=t.kind==="loss"||t.kind==="cost"?n.length-1:t.layer,p=l=>Array.from({length:o(l)},(d,h)=>h);return m`<svg
class="small-network"
viewBox=${`0 0 ${Jo} ${Yn}`}
role="img"
aria-label=${u("lab.network",{part:`${u(`phase.${t.phase}`)}, ${u("play.layer",{l:t.layer})}`})}
>
${n.slice(1).map((l,d)=>p(d).map(h=>p(d+1).map(f=>m`<line
class=${i===d+1?"is-lit":""}
x1=${r(d)}
y1=${s(d,h)}
x2=${r(d+1)}
y2=${s(d+1,f)}
/>`)))}
${n.map((l,d)=>p(d).map(h=>m`<circle
class=${c===d?"is-lit":""}
cx=${r(d)}
cy=${s(d,h)}
r="4.5"
/>`))}
</svg>`}var je=(t,e)=>({name:t,row:e,col:null}),Ue=(t,e)=>({name:t,row:null,col:e}),gt=(t,e,n)=>({name:t,row:e,col:n}),di={linear:[(t,e)=>je(t,e),(t,e,n)=>Ue(t,n),(t,e)=>je(t,e)],weights:[(t,e)=>je(t,e),(t,e)=>Ue(t,e),gt],bias:[(t,e)=>gt(t,e,0)],back:[(t,e,n)=>je(t,n),(t,e,n)=>Ue(t,n)],activation:[(t,e,n,{equation:r})=>r==="softmax"?Ue(t,n):gt(t,e,n)],loss:[(t,e,n)=>gt(t,0,n),(t,e,n)=>gt(t,0,n)],cost:[t=>gt(t,0,0),t=>gt(t,0,0)]};function Vo(t,e,n,r){let[o,...s]=t.tokens.filter(c=>typeof c=="object"),a=s.findIndex(c=>c.name===e);return a<0||t.kind==="batch"||t.kind==="recorded"?[]:[(di[t.kind]?.[a]??gt)(o.name,n,r,t)]}function fi(){let t=R(null),[e,n]=Z(800);return lt(()=>{let r=new ResizeObserver(([{contentRect:o}])=>n(o.width));return r.observe(t.current),()=>r.disconnect()},[]),[t,e]}function mi({open:t,step:e,lit:n}){let[r,o]=fi(),s=e.tokens.map(p=>typeof p=="string"?p:{...p,matrix:pe(t.values,p.name)}),a=s.filter(p=>typeof p=="object"),i=a.map(({matrix:p,transposed:l})=>l?p.rows:p.cols),c=Fo(o,i,s.filter(p=>typeof p=="string"));return m`<div class="operands" ref=${r}>
${s.map((p,l)=>typeof p=="string"?m`<span class="sign" key=${l}>${p}</span>`:m`<${Ho} key=${l} ...${p} size=${c} lit=${n} result=${p===a[0]} />`)}
</div>`}function Ko(){let{session:t,cursor:e,k:n}=k(),r=P(),o=Ee(),s=e&&Fe(r,e.name,e.row,e.col),a=e?Vo(o,e.name,e.row,e.col):[],i=a.length?a:s?.lit??[],{optimizer:c}=r.problem.training,p=o.formula??o.tokens.map(l=>typeof l=="string"?l:`${l.name}${l.transposed?"ᵀ":""}`).join(" ");return m`<div class="lab">
<h1 class="visually-hidden">${u("screen.lab")}</h1>
<${Lo} />
<div class=${`lab-head phase-${o.phase}`}>
<div class="lab-head-text">
<p class="lab-where">
${u("lab.update",{k:n})} · ${u("lab.epoch",{e:t.epochOf(n)})} · <b class="phase-word">${u(`phase.${o.phase}`)}</b>
</p>
<h2 class="lab-equation" aria-label=${p}><${Po}
step=${o}
optimizer=${c}
output=${t.network.output}
/></h2>
<p class="lab-sentence">${Te(t,o)}</p>
</div>
<${Go} step=${o} />
</div>
<div class="lab-body">
<div class="lab-main">
<section class="card lab-matrices" aria-label=${u("lab.equation")}>
<${mi} open=${r} step=${o} lit=${i} />
<p class="quiet note">${u("lab.keep")}</p>
</section>
<${Xo} step=${o} />
</div>
<div class="lab-side"><${zo} /></div>
</div>
</div>`}var hi={start:"M5 4v12M16 4l-8 6 8 6z",updateBack:"M10 4l-7 6 7 6zM17 4l-7 6 7 6z",back:"M14 4l-8 6 8 6z",play:"M6 3l11 7-11 7z",pause:"M6 3h3v14H6zM12 3h3v14h-3z",next:"M6 4l8 6-8 6z",updateNext:"M3 4l7 6-7 6zM10 4l7 6-7 6z",epochNext:"M3 4l8 6-8 6zM15 4v12"};function yi({name:t}){return m`<svg viewBox="0 0 20 20" aria-hidden="true" class="icon"><path d=${hi[t]} /></svg>`}function wt({name:t,label:e,onClick:n,strong:r,disabled:o,keys:s,text:a}){return m`<button
type="button"
class=${`press${r?" is-strong":""}`}
aria-label=${e}
title=${s?`${e} (${s})`:e}
data-action=${t}
disabled=${o}
onClick=${n}
>
<${yi} name=${t} />${a?m`<span class="press-text">${a}</span>`:null}
</button>`}function Qo(){let{session:t,k:e,micro:n,playing:r,unit:o,speed:s,screen:a}=k(),i=a==="lab",{steps:c}=P(),p=P().values.get("J"),l=i?{label:u("bar.scrub"),max:c.length-1,value:n,on:d=>St(d),text:c[n].id}:{label:u("bar.scrubUpdates"),max:Math.max(1,t.latest.t),value:e-1,on:d=>D(d+1),text:u("bar.done",{n:e-1})};return m`<section class="transport" aria-label=${u("bar.label")}>
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
<span>${u("bar.cost",{value:x(p)})}</span>
</div>
<div class="transport-presses">
<${wt}
name="start"
label=${u("bar.start")}
onClick=${()=>D(1,i?0:n)}
disabled=${e===1&&(n===0||!i)}
/>
<${wt} name="updateBack" label=${u("bar.updateBack")} keys="[" onClick=${()=>Zt(-1)} disabled=${e===1} />
${i?m`<${wt}
name="back"
label=${u("bar.back")}
keys="←"
onClick=${()=>Tt(-1)}
disabled=${e===1&&n===0}
/>`:null}
<${wt}
name=${r?"pause":"play"}
label=${u(r?"bar.pause":"bar.play")}
keys="Space"
strong=${!0}
onClick=${()=>Qt()}
/>
${i?m`<${wt} name="next" label=${u("bar.next")} keys="→" onClick=${()=>Tt(1)} />`:null}
${i?m`<${wt}
name="epochNext"
label=${u("bar.layerNext")}
keys="Shift →"
onClick=${()=>Oe(1)}
text=${u("bar.layerNext")}
/>`:null}
<${wt}
name="updateNext"
label=${u("bar.updateNext")}
keys="]"
onClick=${()=>Zt(1)}
text=${u("bar.updateNext")}
/>
${i?null:m`<${wt}
name="epochNext"
label=${u("bar.epochNext")}
onClick=${bn}
text=${u("bar.epochNext")}
/>`}
</div>
<div class="transport-choices">
<label>${u("bar.unit")}
<select value=${o} onChange=${d=>v({unit:d.target.value})}>
${(i?["micro","update","epoch"]:["update","epoch"]).map(d=>m`<option value=${d}>${u(`bar.unit.${d}`)}</option>`)}
</select>
</label>
<label>${u("bar.speed")}
<input type="range" min="0" max="4" value=${s} onInput=${d=>v({speed:Number(d.target.value)})} />
</label>
</div>
</section>`}function Be(){let{screen:t,session:e,k:n,micro:r,cursor:o}=y,s={s:t};if(e){Object.assign(s,{k:n,q:e.open(n).steps[r]?.id}),(o?.row||o?.col)&&(s.c=`${o.row},${o.col}`);let{lesson:a}=e;a.toy&&(s.n=JSON.stringify({...a.toy,log:e.log.length?e.log:void 0}))}return new URLSearchParams(Object.entries(s).filter(([,a])=>a!==void 0)).toString()}function ue(t=location.hash){let e=Object.fromEntries(new URLSearchParams(t.slice(1))),n=null;try{n=e.n?JSON.parse(e.n):null}catch{n=null}let r=Number(e.k);return{screen:e.s,k:Number.isSafeInteger(r)&&r>0?r:1,id:e.q,cell:e.c?.split(",").map(Number),toy:n}}var ts=3e3;function zn({screen:t,k:e,id:n,cell:r,toy:o}){if(!y.session)return;y.session.lesson.toy&&Array.isArray(o?.log)&&!y.session.lesson.resume&&y.session.replay(o.log.filter(({t:a})=>a<=ts)),["play","lab","home"].includes(t)&&ht(t),D(Math.max(1,Math.min(e,ts)));let s=P().steps.findIndex(a=>a.id===n);s>=0&&D(y.k,s),r?.every(Number.isInteger)&&It({...y.cursor,row:r[0],col:r[1]}),ct()}var es=0;function ns(){vr(()=>{clearTimeout(es),!y.playing&&(es=setTimeout(()=>{try{history.replaceState(null,"",`#${Be()}`)}catch{}},300))})}var Xn=t=>t.replace(/[&<>"]/g,e=>({"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;"})[e]);async function $i(){let t=o=>[...document.querySelectorAll(o)].map(s=>s.textContent).join(`
`),e=async o=>o?(await fetch(o)).text():"",n=t("style")||await e(document.querySelector('link[rel="stylesheet"]')?.getAttribute("href")),r=t("script:not([src]):not([type])")||await e(document.querySelector("script[src]")?.getAttribute("src"));return{css:n,js:r}}async function rs(t){let e=await crypto.subtle.digest("SHA-256",new TextEncoder().encode(t));return`'sha256-${btoa(String.fromCharCode(...new Uint8Array(e)))}'`}async function _i({css:t,js:e}){let n=globalThis.crypto?.subtle?await Promise.all([rs(e),rs(t)]):["'unsafe-inline'","'unsafe-inline'"];return`default-src 'none'; script-src ${n[0]}; style-src ${n[1]}; img-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`}async function os(t){let e=await $i(),n=document.documentElement;return`<!doctype html>
<html lang="${Xn(n.lang||"en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${Xn(await _i(e))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${Xn(t.title)}</title>
<style>${e.css}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="deepstep-lesson">${te(t)}<\/script>
<script>${e.js}<\/script>
</body>
</html>
`}function ss(t,e){let{lesson:n}=t,r=t.isRecorded||t.latest.t===0?void 0:t.standing();return{...n,resume:r,place:e}}var bi=4e5,Ye=t=>t===null?"None":t===!0?"True":t===!1?"False":JSON.stringify(t);function as(t,e){let{lesson:n,network:r}=t,o=t.trainingAt(e+1),{parameters:s}=t.state(e),{X:a,Y:i}=n.data,c=a.data.length+i.data.length+t.size,p=n.code&&t.changedFrom===1/0&&(e===0||t.isRecorded)?`${n.code.trimEnd()}
`:"";if(p)return p;if(c>bi)return`# ${c} numbers are too many for code: save the lesson instead.
`;let l=h=>{let{shape:f,f8:$}=Mn(h);return`matrix(${f.join(", ")}, "${$}")`},d={learning_rate:o.learning_rate,optimizer:o.optimizer,...Object.keys(o.hyperparameters??{}).length?{hyperparameters:o.hyperparameters}:{},...o.batch_size?{batch_size:o.batch_size}:{},...o.l2?{l2:o.l2}:{},...o.dropout?{dropout:o.dropout}:{},weight_decay:o.weight_decay??0};return`"""The network as it was after ${e} updates, with its data; then one step of it, opened."""
from base64 import b64decode

import numpy as np

from deepstep import Network


def matrix(rows, columns, text):
    return np.frombuffer(b64decode(text), dtype="<f8").reshape(rows, columns).copy()


X = ${l(a)}
Y = ${l(i)}
parameters = {
${Object.entries(s).map(([h,f])=>`    "${h}": ${l(f)},`).join(`
`)}
}
net = Network(
    ${Ye(r.layer_dims)},
    activation=${Ye(r.activations.slice(0,-1))},
    output=${Ye(r.output)},
    parameters=parameters,
    seed=${o.seed??1},
)
${Object.keys(t.state(e).slots).length?`# The optimizer's memory begins at zero here.
`:""}options = {${Object.entries(d).map(([h,f])=>`"${h}": ${Ye(f)}`).join(", ")}}
step = next(net.steps(X, Y, **options))
print(step.trace())
`}var gi=15e4,is=4e3,wi=t=>t.toLowerCase().replace(/[^a-z0-9]+/g,"-").replace(/^-|-$/g,"")||"deepstep";function ls(){let{session:t,k:e}=k(),[n,r]=Z(""),o=ss(t,Be()),[s]=Z(()=>gi+te(o).length),a=as(t,e-1),i=wi(o.title),c=async()=>{let h=await os(o);Hn(`${i}.html`,h,"text/html"),r(u("share.saved",{name:`${i}.html`,size:Le(new Blob([h]).size)}))},p=()=>{let h=te(o);Hn(`${i}.json`,h,"application/json"),r(u("share.saved",{name:`${i}.json`,size:Le(h.length)}))},l=async h=>await We(h)&&r(u("share.copied")),d=`${location.href.split("#")[0]}#${Be()}`;return m`<section>
<h3>${u("share.html")}</h3>
<p class="quiet">${u("share.htmlHint",{size:Le(s)})}</p>
<div class="row">
<button type="button" class="button" data-action="export" onClick=${c}>${u("share.save")}</button>
<button type="button" class="button is-quiet" onClick=${p}>${u("share.lesson")}</button>
${o.origin==="server"?null:m`<button type="button" class="button is-quiet" onClick=${()=>l(d)}>${u("share.link")}</button>`}
</div>
</section>
<section>
<h3 id="code-title">${u("share.code")}</h3>
<pre
class="code"
tabindex="0"
role="region"
aria-labelledby="code-title"
><code>${a.length>is?`${a.slice(0,is)}…`:a}</code></pre>
<button type="button" class="button is-quiet" onClick=${()=>l(a)}>${u("share.copy")}</button>
</section>
<p role="status">${n}</p>`}var xi=1e5;function cs(){let[t,e]=Z([]),[n,r]=Z(!1);W(()=>{let{problem:a,values:i,steps:c}=P(),p=c.filter(({phase:$})=>$==="backward").map(({id:$})=>$),l=Object.values(a.parameters).reduce(($,{data:_})=>$+_.length,0),d=Uo(a,i,p,l>xi?2:24),h=!1,f=()=>{if(h)return;let{value:$}=d.next();if(!$)return r(!0);e(_=>[..._,$]),setTimeout(f,0)};return setTimeout(f,0),()=>h=!0},[]);let o=t.filter(({passed:a})=>!a).length,s=n?o?u("check.some",{n:o}):u("check.all",{n:t.length}):u("check.running");return m`<p>${u("check.lead")}</p>
<div class="table-scroll">
<table class="plain" data-done=${n?"true":"false"} data-wrong=${o}>
<thead><tr><th>${u("check.quantity")}</th><th>${u("check.checked")}</th><th>${u("check.difference")}</th><th>${u("check.verdict")}</th></tr></thead>
<tbody>${t.map(({name:a,checked:i,of:c,difference:p,passed:l})=>m`<tr key=${a}>
<th scope="row"><${at} name=${a} /></th><td>${i} / ${c}</td><td>${x(p,2)}</td>
<td class=${l?"is-good":"is-bad"}>${u(l?"check.good":"check.bad")}</td>
</tr>`)}</tbody>
</table>
</div>
<p role="status"><b>${s}</b></p>`}var vi=12;function ps(){let[t,e]=Z(""),n=t.trim().toLowerCase().replaceAll("'","′"),r=P().steps.filter(({id:a})=>a.toLowerCase().startsWith(n)),o=a=>{v({dialog:null}),pt({name:a,row:0,col:0})};return m`<form onSubmit=${a=>{a.preventDefault(),r.length&&o(r[0].id)}}>
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
${r.slice(0,vi).map(({id:a,phase:i})=>m`<li key=${a}><button
type="button"
class=${`ribbon-step phase-${i}`}
onClick=${()=>o(a)}
><${at} name=${a} /></button></li>`)}
</ul>
${r.length?null:m`<p class="quiet">${u("find.none")}</p>`}
</form>`}var ki=[["Space","help.space"],["←  →","help.micro"],["Shift ←  →","help.layer"],["[  ]","help.update"],["/","help.find"],["?","help.help"]];function Ai(){let{singleKeys:t}=k();return m`<dl class="keys">${ki.map(([e,n])=>m`<dt><kbd>${e}</kbd></dt><dd>${u(n)}</dd>`)}</dl>
<p class="quiet">${u("help.grid")}</p>
<p class="quiet">${u("help.count")}</p>
<label class="choice"><input
type="checkbox"
checked=${t}
onChange=${e=>v({singleKeys:e.target.checked})}
/> ${u("help.single")}</label>`}var Mi={help:{title:"help.title",Body:Ai},find:{title:"find.title",Body:ps},share:{title:"share.title",Body:ls},check:{title:"check.title",Body:cs}};function us(){let{dialog:t}=k(),e=R(null);lt(()=>{t&&!e.current.open&&e.current.showModal(),!t&&e.current.open&&e.current.close()},[t]);let{title:n,Body:r}=Mi[t]??{};return m`<dialog ref=${e} aria-labelledby="dialog-title" onClose=${()=>v({dialog:null})} onClick=${s=>s.target===e.current&&e.current.close()}>
${r?m`<div class="dialog-body">
<div class="dialog-head">
<h2 id="dialog-title">${u(n)}</h2>
<button
type="button"
class="button is-quiet is-round"
aria-label=${u("app.close")}
onClick=${()=>e.current.close()}
>✕</button>
</div>
<${r} />
</div>`:null}
</dialog>`}var Jn=t=>`./${t}${location.search}`,fs=()=>document.getElementById("app").dataset.source==="server";async function ms(){let t=await fetch(Jn("lesson"));if(!t.ok)throw new Error("server.refused");let e=await t.json();if(Ht(e),y.session.isRecorded)return;let n=new EventSource(Jn("events")),r=a=>fetch(Jn("command"),{method:"POST",headers:{"Content-Type":"application/json"},body:JSON.stringify(a)}),o=()=>{n.close(),v({server:{on:!1},playing:!1})},s=()=>{r({do:"stop"}),o()};n.onmessage=({data:a})=>ds(JSON.parse(a),o),n.onerror=o,v({server:{on:!0,send:r,leave:s}}),e.now?.step&&ds({kind:"epoch",...e.now},o)}function ds(t,e){let{session:n}=y;if(t.kind==="closed")return e();if(t.kind==="end"){y.unit!=="micro"&&v({playing:!1}),t.why&&v({live:t.why});return}let{parameters:r,slots:o}=Ne({format:"deepstep-lesson",version:1,parameters:t.parameters,slots:t.slots});n.arrive(t.step,r,Number(t.cost),o),D(t.step+1,y.unit==="micro"?0:y.micro),ct()}function hs(){let{server:t}=k();return t?m`<p class="check" data-server=${t.on?"on":"off"}>${u(t.on?"server.on":"server.off")}</p>`:null}var ys={home:On,play:No,lab:Ko};function Si(){let{check:t}=k();if(!t)return null;let e=t.difference<1e-9,n=x(t.difference,2);return m`<p
class=${`check ${e?"is-good":"is-bad"}`}
title=${u("golden.explain",{n:t.compared})}
data-difference=${String(t.difference)}
>
${e?u("golden.good",{difference:n}):u("golden.bad",{name:t.worst,difference:n})}
</p>`}function Ti(){let{born:t}=k();return t?m`<div class="born" role="alert">
<p><b>${u("born.title",{name:t.name})}</b> ${u("born.text",{...t,value:x(t.value)})}</p>
<button type="button" class="button" onClick=${Qr}>${u("born.show")}</button>
</div>`:null}function Ei(){let{session:t}=k(),{notes:e=[]}=t.lesson,r=[...t.isRecorded?[u("app.recorded",{parts:Se(t.lesson).join(", "),numbers:t.numbers.join(", ")})]:[],...e];return r.length?m`<ul class="notes">${r.map(o=>m`<li key=${o}>${o}</li>`)}</ul>`:null}function $s(){let{screen:t,session:e,live:n}=k(),r=e?ys[t]:On;return W(()=>{document.title=`${e?`${e.lesson.title} · `:""}${u(`screen.${t}`)} · ${u("app.name")}`,globalThis.scrollTo?.(0,0),document.activeElement===document.body&&document.getElementById("main")?.focus({preventScroll:!0})},[t,e]),m`
<a
class="skip"
href="#main"
onClick=${o=>(o.preventDefault(),document.getElementById("main").focus())}
>${u("app.skip")}</a>
<header class="top">
<p class="brand"><span class="brand-mark" aria-hidden="true"></span>${u("app.name")}</p>
<nav aria-label=${u("app.screens")} class="tabs">
${Object.keys(ys).map(o=>m`<button
type="button"
key=${o}
data-screen=${o}
aria-current=${t===o?"page":void 0}
disabled=${o!=="home"&&(!e||o==="play"&&e.isRecorded)}
onClick=${()=>ht(o)}
>${u(`screen.${o}`)}</button>`)}
</nav>
<${Si} />
<${hs} />
<div class="top-actions">
${e?m`<button
type="button"
class="button is-quiet"
data-open="find"
onClick=${()=>v({dialog:"find"})}
title=${`${u("app.find")} (/)`}
><span aria-hidden="true">⌕</span><span class="hide-narrow"> ${u("app.find")}</span><span class="only-narrow visually-hidden">${u("app.find")}</span></button>
${e.isRecorded?null:m`<button
type="button"
class="button is-quiet"
data-open="check"
onClick=${()=>v({dialog:"check",playing:!1})}
>${u("check.button")}</button>`}
<button
type="button"
class="button"
data-open="share"
onClick=${()=>v({dialog:"share",playing:!1})}
>${u("app.share")}</button>`:null}
<button
type="button"
class="button is-quiet is-round"
aria-label=${u("app.help")}
title=${`${u("app.help")} (?)`}
onClick=${()=>v({dialog:"help"})}
>?</button>
</div>
</header>
<${Ti} />
<main
id="main"
tabindex="-1"
class=${`screen-${t}`}
>${e&&t!=="home"?m`<${Ei} />`:null}<${r} /></main>
${e&&t!=="home"?m`<${Qo} />`:null}
<${us} />
<p class="visually-hidden" aria-live="polite" role="status">${n}</p>
`}var _s="input, select, textarea, [contenteditable]",Ci=`${_s}, button, summary, a`;function Oi(t){let{key:e,shiftKey:n,target:r}=t;if(e==="?")return()=>v({dialog:y.dialog==="help"?null:"help"});if(y.dialog||!y.session||y.screen==="home")return null;if(e===" ")return r.closest(Ci)?null:()=>Qt();if(e==="/")return()=>v({dialog:"find"});if(e==="[")return()=>Zt(-1);if(e==="]")return()=>Zt(1);if(y.screen!=="lab")return null;let o={ArrowLeft:-1,ArrowRight:1}[e];return!o||r.closest("pre")?null:()=>n?Oe(o):Tt(o)}function bs(){document.body.addEventListener("keydown",t=>{if(t.defaultPrevented||t.ctrlKey||t.metaKey||t.altKey||!y.singleKeys||t.target.closest(_s))return;let e=Oi(t);e&&(t.preventDefault(),e())})}function Ni(){let t=ue(),e=document.getElementById("deepstep-lesson");try{e?Ht(JSON.parse(e.textContent)):Et.includes(t.toy?.data)&&$t(t.toy,t.screen);let n=t.screen?t:ue(`#${y.session?.lesson.place??""}`);y.session&&n.screen&&zn(n)}catch(n){v({session:null,screen:"home",error:u(`error.${n.message}`)})}}async function qi(){fs()?(await ms().catch(()=>v({error:u("error.server.refused")})),y.session&&ue().screen&&zn(ue())):Ni()}qi().then(()=>{nn(m`<${$s} />`,document.getElementById("app")),bs(),fo(),ns(),globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change",()=>v({})),requestAnimationFrame(()=>{globalThis.deepstepReady=!0})});})();
