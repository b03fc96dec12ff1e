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
(()=>{var L,Io,ba,bt,_n,Le,Lo,Ne,Ro,wn,yn,_a,ce=Symbol.for("pv"),Re={},qe=[],ya=/^m(i|n|o|s|text|space)$/,vn=Array.isArray,kn=qe.slice,Ct=Object.assign;function Ot(t){t&&t.parentNode&&t.remove()}function qo(t,e,n){var o,s,r,a={},i=arguments.length;for(r in e)r=="key"?o=e[r]:r=="ref"&&typeof t!="function"?s=e[r]:a[r]=e[r];return i>2&&(a.children=i>3?kn.call(arguments,2):n),ie(t,a,o,s,null)}function ie(t,e,n,o,s){var r={type:t,props:e,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:ce,__v:s||++Io,__i:-1,__u:0};return!s&&L.vnode&&L.vnode(r),r}function le(t){return t.children}function Pe(t,e){this.props=t,this.context=e,this.__g=0}function _t(t,e){if(e==null)return t.__&&_t(t.__,t.__i+1);for(var n;e<t.__k.length;e++)if((n=t.__k[e])&&n.__e)return n.__e;return typeof t.type!="function"||t.props.__P?null:_t(t)}function wa(t){var e,n=t.__v,o=n.__e,s=[],r=[],a=t.__P;a&&((e=Ct({constructor:ce},n)).__v=n.__v+1,L.vnode&&L.vnode(e),xn(a,e,n,t.__n,a.namespaceURI,32&n.__u?[o]:null,s,o||_t(n),32&n.__u,r),e.__v=n.__v,e.__.__k[e.__i]=e,Uo(s,e,r),n.__=n.__e=null,e.__e!=o&&jo(e))}function jo(t){if((t=t.__)&&t.__c&&!t.props.__P)return t.__e=null,t.__k.some(function(e){return e&&(t.__e=e.__e)}),jo(t)}function No(t){(8&t.__g||(t.__g|=8,bt.push(t),Le++))&&_n==L.debounceRendering||((_n=L.debounceRendering)||queueMicrotask)(Wo)}function Wo(){try{for(var t,e=1;bt.length;)bt.length>e&&bt.sort(Lo),t=bt.shift(),e=bt.length,8&t.__g&&wa(t)}finally{(Le=bt.length)&&(_n||queueMicrotask)(Wo)}}function Fo(t,e,n,o,s,r,a,i,c,u,l){var d,h,p,g,y,b,_=o.__k||qe,w=e.length;for(c=va(n,e,_,c,w),d=0;d<w;d++)(p=n.__k[d])!=null&&(h=~p.__i&&_[p.__i]||Re,p.__i=d,b=xn(t,p,h,s,r,a,i,c,u,l),g=p.__e,(h.ref!=p.ref||8&h.__u)&&(h.ref&&Mn(h.ref,null,p,h),p.ref&&l.push(p.ref,p.__c||g,p)),y=y||g,4&p.__u?(c=Do(p,c,t,!h.__v),h.__e&&(h.__e=null)):typeof p.type=="function"&&b!==void 0?c=b:g&&(c=g.nextSibling),p.__u&=-21);return n.__e=y,c}function va(t,e,n,o,s){var r,a,i,c,u,l,d,h,p,g=n.length,y=g,b=0,_=0,w=t.__k=Array(s);for(r=0;r<s;r++)(a=e[r])!=null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=w[r]=ie(null,a):vn(a)?a=w[r]=ie(le,{children:a}):a.constructor===ce&&a.__b?a=w[r]=ie(a.type,a.props,a.key,a.ref,a.__v):w[r]=a,c=r+b,a.__=t,a.__b=t.__b+1,i=null,~(u=a.__i=ka(a,n,c,y))&&(y--,(i=n[u])&&(i.__u|=2)),i&&i.__v?(a.__u|=16,u==c-1?b--:u==c+1?b++:u!=c&&(u>c?b--:b++,_=1)):(~u||(s>g?b--:s<g&&b++),typeof a.type!="function"&&(a.__u|=4))):w[r]=null;if(_){for(l=[],d=[],r=0;r<s;r++)if((a=w[r])&&16&a.__u){for(b=0,h=l.length;b<h;)l[p=b+h>>1]<a.__i?b=p+1:h=p;l[b]=a.__i,d[r]=b+1}for(b=l.length;r--;)d[r]&&(d[r]==b?b--:w[r].__u|=4)}if(y)for(r=0;r<g;r++)!(i=n[r])||2&i.__u||(i.__e==o&&(o=_t(i)),Sn(i,i));return o}function Do(t,e,n,o){var s,r,a,i;if(typeof t.type=="function"){if(t.props.__P)return e;if(s=t.__k)for(r=0;r<s.length;r++)s[r]&&(s[r].__=t,e=Do(s[r],e,n,!1));return e}for(e&&!e.parentNode&&(e=_t(t))&&!e.parentNode&&(e=null),a=t.__e,i=e;i&&i.nodeType==8;)i=i.nextSibling;for(a!=i&&(!o&&n.moveBefore&&a.parentNode?n.moveBefore(a,e):n.insertBefore(a,e||null)),e=a;(e=e&&e.nextSibling)&&e.nodeType==8&&!e.data.startsWith("$s"););return e}function ka(t,e,n,o){var s,r=t.key,a=t.type,i=e[n],c=i&&!(2&i.__u);if(i===null&&r==null||c&&r==i.key&&a==i.type)return n;if(o>(c?1:0)){for(s=n-1;s>=0;s--)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s;for(s=n+1;s<e.length;s++)if((i=e[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s}return-1}function Po(t,e,n){n==null&&(n=""),e[0]=="-"?t.setProperty(e,n):t[e]=n}function Ee(t,e,n,o,s){var r,a;if(e=="style")if(typeof n=="string")t.style.cssText=n;else{if(typeof o=="string"&&(t.style.cssText=o=""),o)for(e in o)n&&e in n||Po(t.style,e);if(n)for(e in n)o&&n[e]==o[e]||Po(t.style,e,n[e])}else if(e[0]=="o"&&e[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(t.__e||(t.__e={}))[e]=n,n&&o||(a=yn[e]||(yn[e]=xa(e)),(t.__a||(t.__a={}))[e]=wn,r=e!=(e=e.replace(Ro,"$1")),(e=e.slice(2))[0]<"a"&&(e=e.toLowerCase()),n?t.addEventListener(e,a,r):t.removeEventListener(e,a,r));else{if(s=="http://www.w3.org/2000/svg")e=e.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(e!="width"&&e!="height"&&e!="href"&&e!="list"&&e!="form"&&e!="tabIndex"&&e!="download"&&e!="rowSpan"&&e!="colSpan"&&e!="role"&&e!="popover"&&e in t)try{return void(t[e]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&e[4]!="-"?t.removeAttribute(e):t.setAttribute(e,e=="popover"&&n==1?"":n)}}function xa(t){return function(e){var n=this.__e;if(n){if(n=n[t],e[Ne]==null)e[Ne]=wn++;else if(e[Ne]<this.__a[t])return;return n(L.event?L.event(e):e)}}}function xn(t,e,n,o,s,r,a,i,c,u){var l,d,h,p,g,y,b,_,w,S,k,v,O,D,q,et,V,ft,nt=e.type;if(e.constructor!==ce)return null;128&n.__u&&(c=32&n.__u,l=n.__c.__z)&&(e.__u|=c,d=r=[],l.nodeType==8?i=Ie(l,r):r.push(l),i=r[0]||i),(l=L.__b)&&l(e);t:if(typeof nt=="function"){h=a.length;try{if(_=e.props,w=(l=nt.prototype)&&l.render,S=(l=nt.contextType)&&o[l.__c],k=l?S?S.props.value:l.__:o,(p=n.__c)?(e.__c=p,2&p.__g&&(p.__g|=1)):(w?e.__c=p=new nt(_,k):(e.__c=p=new Pe(_,k),p.constructor=nt,p.render=Sa),S&&S.sub(p),p.state||(p.state={}),p.__n=o,p.__g|=8,p.__h=[],p.__k=[]),w&&(p.__s||(p.__s=p.state),nt.getDerivedStateFromProps&&(p.__s==p.state&&(p.__s=Ct({},p.__s)),Ct(p.__s,nt.getDerivedStateFromProps(_,p.__s)))),g=p.props,y=p.state,p.__v=e,n.__c){if(_!==g&&w&&!nt.getDerivedStateFromProps&&p.componentWillReceiveProps&&p.componentWillReceiveProps(_,k),e.__v==n.__v&&!(8&p.__g)||!(4&p.__g)&&p.shouldComponentUpdate&&p.shouldComponentUpdate(_,p.__s,k)===!1){e.__v!=n.__v&&(p.props=_,p.state=p.__s,p.__g&=-9),e.__e=n.__e,e.__k=n.__k,e.__k.some(function(G){G&&(G.__=e)}),qe.push.apply(p.__h,p.__k),p.__k=[],p.__h.length&&a.push(p),i=_t(n);break t}p.componentWillUpdate&&p.componentWillUpdate(_,p.__s,k),w&&p.componentDidUpdate&&p.__h.push(function(){p.componentDidUpdate(g,y,b)})}else w&&!nt.getDerivedStateFromProps&&p.componentWillMount&&p.componentWillMount(),w&&p.componentDidMount&&p.__h.push(p.componentDidMount);p.context=k,p.props=_,p.__P=t,p.__g&=-5,v=L.__r,O=w?25:0;do p.__g&=-9,v&&v(e),l=p.render(p.props,p.state=p.__s,p.context);while(8&p.__g&&++O<25);w&&(qe.push.apply(p.__h,p.__k),p.__k=[]),p.state=p.__s,p.getChildContext&&(o=Ct({},o,p.getChildContext())),w&&n.__c&&p.getSnapshotBeforeUpdate&&(b=p.getSnapshotBeforeUpdate(g,y)),D=l&&l.type===le&&l.key==null?l.props.children:l,_.__P&&(l=i,s=(t=_.__P).namespaceURI,c=r=null,n.props&&n.props.__P!=t&&(n.__k.some(function(G){G&&Sn(G,G)}),n.__k=null),i=n.__k?_t(n,0):null),i=Fo(t,vn(D)?D:[D],e,n,o,s,r,a,i,c,u),_.__P&&(e.__e=null,i=l),e.__u&=-161,d&&d.some(Ot),p.__h.length&&a.push(p),1&p.__g&&(p.__g&=-4)}catch(G){if(a.length=h,e.__v=null,c||r)if(G&&G.then){if(e.__u|=128|c,r){for(~(V=r.indexOf(i||void 0))||(V=r.length);(ft=r[V-1])&&ft.nodeType==8;)V--;for(;V<r.length;V++)if(ft=r[V])if(r[V]=null,q){if(ft==et)break}else{if(ft.nodeType!=8)break;ft.data.startsWith("$s")&&(et=Ie(q=ft))}}if(!q){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;q=i}(l=Ie(q=e.__c.__z||(e.__c.__z=q)))?(e.__e=q,i=l):e.__e=i,i=i&&i.nextSibling}else r&&r.some(Ot);else e.__e=n.__e;e.__k||(e.__k=n.__k||[]),G&&G.then||Ho(e),L.__e(G,e,n)}}else i=e.__e=Ma(n.__e,e,n,o,s,r,a,c,u,t);return(l=L.diffed)&&l(e),i}function Ie(t,e){if(t&&t.nodeType==8&&t.data.startsWith("$s"))for(var n=1;t=t.nextSibling;){if(t.nodeType==8){if(t.data.startsWith("$s"))n++;else if(t.data.startsWith("/$s")&&!--n)return t}e&&e.push(t)}}function Ho(t){t&&(t.__c&&(t.__c.__g|=4),t.__k&&t.__k.some(Ho))}function Uo(t,e,n){for(var o=0;o<n.length;)Mn(n[o++],n[o++],n[o++]);L.__c&&L.__c(e,t),t.some(function(s){try{t=s.__h,s.__h=[],t.some(function(r){r.call(s)})}catch(r){L.__e(r,s.__v)}})}function Ma(t,e,n,o,s,r,a,i,c,u){var l,d,h,p,g,y,b,_,w=n.props||Re,S=e.props,k=e.type;if(k=="svg"?s="http://www.w3.org/2000/svg":k=="math"?s="http://www.w3.org/1998/Math/MathML":s||(s="http://www.w3.org/1999/xhtml"),r){for(l=0;l<r.length;l++)if((g=r[l])&&(k?g.localName==k:g.nodeType==3)){t=g,r[l]=null;break}}if(!t){if(_=u.ownerDocument||document,!k)return _.createTextNode(S);t=_.createElementNS(s,k,S.is?S:u),i&&(L.__m&&L.__m(e,r),i=!1),r=null}if(k){if(u=k=="template"&&t.content||t,r=k=="textarea"&&S.defaultValue!=null?null:r&&kn.call(u.childNodes),!i&&r)for(w={},l=0;l<t.attributes.length;l++)w[(g=t.attributes[l]).name]=g.value;for(l in w)g=w[l],l=="dangerouslySetInnerHTML"?h=g:l=="children"||l in S||l=="value"&&"defaultValue"in S||l=="checked"&&"defaultChecked"in S||Ee(t,l,null,g,s);for(l in S)g=S[l],l=="children"?p=g:l=="dangerouslySetInnerHTML"?d=g:l=="value"?y=g:l=="checked"?b=g:i&&typeof g!="function"||w[l]===g||Ee(t,l,g,w[l],s);d?(i||h&&(d.__html==h.__html||d.__html==t.innerHTML)||(t.innerHTML=d.__html),e.__k=[]):(h&&(t.textContent=""),(k=="foreignObject"||s=="http://www.w3.org/1998/Math/MathML"&&ya.test(k))&&(s="http://www.w3.org/1999/xhtml"),Fo(u,vn(p)?p:[p],e,n,o,s,r,a,r?r[0]:n.__k&&_t(n,0),i,c),r&&r.some(Ot)),i&&k!="textarea"||(l="value",k=="progress"&&y==null?t.removeAttribute(l):y==null||y===t[l]&&(k!="progress"||y)||Ee(t,l,y,w[l],s),l="checked",b!=null&&b!=t[l]&&Ee(t,l,b,w[l],s))}else w===S||i&&t.data==S||(t.data=S);return t}function Mn(t,e,n,o){try{typeof t=="function"?e?e.__x=t(e)||1:o&&(o=o.__c||o.__e)&&(e=o.__x)&&(o.__x=null,typeof e=="function"?e():t(null)):t.current=e}catch(s){L.__e(s,n)}}function Sn(t,e,n){var o,s,r,a;if(L.unmount&&L.unmount(t),!(o=t.ref)||o.current&&o.current!=t.__e||Mn(o,null,e,t),o=t.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(i){L.__e(i,e)}o.__P=o.__n=null}if(o=t.__k)for(a=0;a<o.length;a++)o[a]&&Sn(o[a],e,typeof t.type!="function"||n&&!t.props.__P);!n&&(o=t.__c)&&(o=o.__z)&&(s=Ie(o,r=[]))&&(o==t.__e&&r.some(Ot),Ot(s),Ot(o)),n||Ot(t.__e),t.__e=t.__c=t.__=null}function Sa(t,e,n){return this.constructor(t,n)}function Tn(t,e){var n,o,s,r;L.__&&L.__(t,e),e.nodeType==9&&(e=e.documentElement),o=(n=t&&32&t.__u)?null:e.__k,e.__k=ie(le,{children:[t]}),s=[],r=[],xn(e,e.__k,o||Re,Re,e.namespaceURI,o?null:e.firstChild?kn.call(e.childNodes):null,s,o?o.__e:e.firstChild,n,r),Uo(s,e.__k,r),e.__k.props.children=null}L={__e:function(t,e,n,o){for(var s,r,a;e=e.__;)if((s=e.__c)&&!(1&s.__g)){s.__g|=4;try{if((a=(r=s.constructor)&&r.getDerivedStateFromError)&&s.setState(r.getDerivedStateFromError(t)),s.componentDidCatch&&(s.componentDidCatch(t,o||{}),a=1),a&&8&s.__g)return void(s.__g|=2)}catch(i){t=i}}throw Le=0,t}},Io=0,ba=function(t){return t!=null&&t.constructor===ce},Pe.prototype.setState=function(t,e){var n=this.__s;n&&n!=this.state||(n=this.__s=Ct({},this.state)),typeof t=="function"&&(t=t(Ct({},n),this.props)),t&&(Ct(n,t),this.__v&&(e&&this.__k.push(e),No(this)))},Pe.prototype.forceUpdate=function(t){this.__v&&(this.__g|=4,t&&this.__h.push(t),No(this))},Pe.prototype.render=le,bt=[],Le=0,Lo=function(t,e){return t.__v.__b-e.__v.__b},Ne=Symbol(),Ro=/(PointerCapture)$|Capture$/i,wn=0,yn={},_a=0;var Bo=function(t,e,n,o){var s;e[0]=0;for(var r=1;r<e.length;r++){var a=e[r++],i=e[r]?(e[0]|=a?1:2,n[e[r++]]):e[++r];a===3?o[0]=i:a===4?o[1]=Object.assign(o[1]||{},i):a===5?(o[1]=o[1]||{})[e[++r]]=i:a===6?o[1][e[++r]]+=i+"":a?(s=t.apply(i,Bo(t,i,n,["",null])),o.push(s),i[0]?e[0]|=2:(e[r-2]=0,e[r]=s)):o.push(i)}return o},Zo=new Map;function zo(t){var e=Zo.get(this);return e||(e=new Map,Zo.set(this,e)),(e=Bo(this,e.get(t)||(e.set(t,e=(function(n){for(var o,s,r=1,a="",i="",c=[0],u=function(h){r===1&&(h||(a=a.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?c.push(0,h,a):r===3&&(h||a)?(c.push(3,h,a),r=2):r===2&&a==="..."&&h?c.push(4,h,0):r===2&&a&&!h?c.push(5,0,!0,a):r>=5&&((a||!h&&r===5)&&(c.push(r,0,a,s),r=6),h&&(c.push(r,h,0,s),r=6)),a=""},l=0;l<n.length;l++){l&&(r===1&&u(),u(l));for(var d=0;d<n[l].length;d++)o=n[l][d],r===1?o==="<"?(u(),c=[c],r=3):a+=o:r===4?a==="--"&&o===">"?(r=1,a=""):a=o+a[0]:i?o===i?i="":a+=o:o==='"'||o==="'"?i=o:o===">"?(u(),r=1):r&&(o==="="?(r=5,s=a,a=""):o==="/"&&(r<5||n[l][d+1]===">")?(u(),r===3&&(c=c[0]),r=c,(c=c[0]).push(2,0,r),r=0):o===" "||o==="	"||o===`
`||o==="\r"?(u(),r=2):a+=o),r===3&&a==="!--"&&(r=4,c=c[0])}return u(),c})(t)),e),arguments,[])).length>1?e:e[0]}var Ht,Z,An,Yo,On=Object.is,je=0,ns=[],Cn=[],H=L,Xo=H.__b,Jo=H.__r,Go=H.diffed,Vo=H.__c,Ko=H.unmount,Qo=H.__;function We(t,e){H.__h&&H.__h(Z,t,je||e),je=0;var n=Z.__H||(Z.__H={__:[],__h:[]});return t>=n.__.length&&n.__.push({}),n.__[t]}function U(t){return je=1,Ta(ss,t)}function Ta(t,e,n){var o=We(Ht++,2);if(o.t=t,!o.__c&&(o.__=[n?n(e):ss(void 0,e),function(r){var a=(o.__N||o.__)[0],i=o.t(a,r);On(a,i)||(o.__N=[i,o.__[1]],o.__c.setState({}))}],o.__c=Z,!Z.__f)){Z.__f=!0;var s=Z.shouldComponentUpdate;Z.shouldComponentUpdate=function(r,a,i){var c=this.__H;if(!c)return!0;var u=!1,l=this.props!=r;if(c.__.some(function(h){h.__N&&(u=!0,On(h.__[0],h.__N[0])||(l=!0))}),s){var d=s.call(this,r,a,i);return u?d||l:d}return!u||l}}return o.__}function X(t,e){var n=We(Ht++,3);!H.__s&&Nn(n.__H,e)&&(n.__P=!0,n.__=t,n.u=e,Z.__H.__h.push(n))}function at(t,e){var n=We(Ht++,4);!H.__s&&Nn(n.__H,e)&&(n.__P=!1,n.__=t,n.u=e,Z.__h.push(n))}function B(t){return je=5,os(function(){return{current:t}},[])}function os(t,e){var n=We(Ht++,7);return Nn(n.__H,e)&&(n.__=t(),n.__H=e),n.__}function Aa(){var t;do{for(;t=Cn.shift();)try{ue(t)}catch(n){H.__e(n,{__:(t=t.__P)&&t.__v})}for(;t=ns.shift();){var e=t.__H;if(t.__P&&e)try{e.__h.some(ue),e.__h.some(En),e.__h=[]}catch(n){e.__h=[],H.__e(n,t.__v)}}}while(Cn.length)}H.__b=function(t){Z=null,Xo&&Xo(t)},H.__=function(t,e){t&&e.__k&&e.__k.__m&&(t.__m=e.__k.__m),Qo&&Qo(t,e)},H.__r=function(t){Jo&&Jo(t),Ht=0;var e=(Z=t.__c).__H;e&&(An==Z?Z.__h=[]:(e.__h.some(ue),e.__h.some(En),Ht=0),e.__h=[],e.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),An=Z},H.diffed=function(t){Go&&Go(t);var e=t.__c;e&&e.__H&&(e.__H.__h.length&&es(ns.push(e)),e.__H.__.some(function(n){n.u&&(n.__H=n.u)})),An=Z=null},H.__c=function(t,e){e.some(function(n){try{n.__h.some(ue),n.__h=n.__h.filter(function(o){return!o.__||En(o)})}catch(o){n.__h=[function(){throw o}]}}),Vo&&Vo(t,e)},H.unmount=function(t){Ko&&Ko(t);var e,n,o=t.__c;o&&o.__H&&(o.__H.__.some(function(s){try{if(s.__P&&s.__c){if(n===void 0){for(n=t.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}s.__P=n,es(Cn.push(s))}else ue(s)}catch(r){e=r}}),o.__H=void 0,e&&H.__e(e,o.__v))};var ts=typeof requestAnimationFrame=="function";function Oa(t){var e,n=function(){clearTimeout(o),ts&&cancelAnimationFrame(e),setTimeout(t)},o=setTimeout(n,35);ts&&(e=requestAnimationFrame(n))}function es(t){t!=1&&Yo==H.requestAnimationFrame||((Yo=H.requestAnimationFrame)||Oa)(Aa)}function ue(t){var e=Z,n=t.__c;typeof n=="function"&&(t.__c=void 0,n()),Z=e}function En(t){var e=Z;t.__c=t.__(),Z=e}function Nn(t,e){return!t||t.length!=e.length||e.some(function(n,o){return!On(n,t[o])})}function ss(t,e){return typeof e=="function"?e(t):e}var m=zo.bind(qo);var $={screen:"home",session:null,k:1,micro:0,cursor:null,focusCursor:!1,playing:!1,job:null,unit:"update",speed:3,dialog:null,singleKeys:!0,live:"",error:"",carried:null,check:null,born:null,ended:"",unitOpen:null,firstUnit:{},paint:null,server:null},Fe=new Set,Pn=!1;function yt(){Pn||(Pn=!0,queueMicrotask(()=>{Pn=!1;for(let t of Fe)t()}))}function T(t){Object.assign($,t),yt()}function A(){let[,t]=U(0);return at(()=>{let e=()=>t(n=>n+1);return Fe.add(e),()=>Fe.delete(e)},[]),$}function rs(t){Fe.add(t)}var I=(t,e)=>({rows:t,cols:e,data:new Float64Array(t*e)}),Ca=(t,e,n)=>({rows:t,cols:e,data:Float64Array.from(n)}),K=t=>Ca(t.length,t[0].length,t.flat()),De=t=>({rows:t.rows,cols:t.cols,data:t.data.slice()}),N=(t,e,n)=>t.data[e*t.cols+n];function Q(t,e){let n=I(t.rows,t.cols);for(let o=0;o<t.data.length;o++)n.data[o]=e(t.data[o]);return n}function J(t,e,n){let o=I(t.rows,t.cols);for(let s=0;s<t.data.length;s++)o.data[s]=n(t.data[s],e.data[s]);return o}function as(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=I(n,s);for(let a=0;a<n;a++){let i=r.data.subarray(a*s,(a+1)*s);for(let c=0;c<o;c++){let u=t.data[a*o+c],l=c*s;for(let d=0;d<s;d++)i[d]+=u*e.data[l+d]}}return r}function is(t,e){let[n,o,s]=[t.rows,t.cols,e.rows],r=I(n,s);for(let a=0;a<n;a++)for(let i=0;i<s;i++){let c=0;for(let u=0;u<o;u++)c+=t.data[a*o+u]*e.data[i*o+u];r.data[a*s+i]=c}return r}function cs(t,e){let[n,o,s]=[t.rows,t.cols,e.cols],r=I(o,s);for(let a=0;a<n;a++)for(let i=0;i<o;i++){let c=t.data[a*o+i];for(let u=0;u<s;u++)r.data[i*s+u]+=c*e.data[a*s+u]}return r}function Et(t,e,n){let o=I(t.rows,t.cols);for(let s=0,r=0;s<t.rows;s++)for(let a=0;a<t.cols;a++,r++)o.data[r]=n(t.data[r],e.data[s]);return o}var ls=(t,e)=>Et(t,e,(n,o)=>n+o);function He(t,e){let n=I(t.rows,t.cols);for(let o=0;o<t.data.length;o++)n.data[o]=t.data[o]*e.data[o%t.cols];return n}function In(t){let e=I(t.rows,1);for(let n=0,o=0;n<t.rows;n++)for(let s=0;s<t.cols;s++,o++)e.data[n]+=t.data[o];return e}function Ut(t,e){let n=I(t.rows,e.length);for(let o=0;o<t.rows;o++)for(let s=0;s<e.length;s++)n.data[o*e.length+s]=t.data[o*t.cols+e[s]];return n}function Ln(t,e){let n=I(t.rows,t.cols+1);for(let o=0;o<t.rows;o++)n.data.set(t.data.subarray(o*t.cols,(o+1)*t.cols),o*n.cols),n.data[(o+1)*n.cols-1]=e[o];return n}var ds=Math.sqrt(Math.PI);function us(t){let e=t,n=t;for(let o=1;e>n*1e-17;o++)e*=2*t*t/(2*o+1),n+=e;return 2/ds*Math.exp(-t*t)*n}function ps(t){let e=t;for(let n=90;n>0;n--)e=t+n/2/e;return Math.exp(-t*t)/(ds*e)}function Rn(t){let e=Math.abs(t)/Math.SQRT2;return e<2?t<0?(1-us(e))/2:(1+us(e))/2:t<0?ps(e)/2:1-ps(e)/2}var fs=1.0507009873554805,ms=1.6732632423543772,hs=40,bs=Math.sqrt(2/Math.PI),qn=t=>Math.min(Math.max(t,-hs),hs);function ut(t){let e=Math.exp(-Math.abs(t));return(t>=0?1:e)/(1+e)}function _s(t,e){let n=Math.exp(-Math.abs(e));return t*n/((1+n)*(1+n))}var jn=t=>Math.max(t,0)+Math.log1p(Math.exp(-Math.abs(t))),$s=(t,e)=>t>0?t:e*Math.expm1(Math.min(t,0)),gs=(t,e,n)=>t*(e>0?1:n*Math.exp(Math.min(e,0))),Wn=t=>2*bs*(t+.044715*t*t*t);function Ea(t,e){let n=Math.exp(-Math.abs(e)),o=2*n/(1+n*n);return t*o*o}function Na(t,e){let n=qn(e),o=2*bs*(1+3*.044715*n*n);return t*(ut(Wn(n))+_s(n*o,Wn(n)))}function Pa(t,e){let n=Math.tanh(jn(e));return t*(n+e*(1-n*n)*ut(e))}var Ia={identity:{forward:t=>t,backward:t=>t},relu:{forward:t=>t>0||t!==t?t:0,backward:(t,e)=>e>0?t:0},leaky_relu:{forward:t=>t>0?t:.01*t,backward:(t,e)=>e>0?t:.01*t},elu:{forward:t=>$s(t,1),backward:(t,e)=>gs(t,e,1)},selu:{forward:t=>fs*$s(t,ms),backward:(t,e)=>fs*gs(t,e,ms)},gelu:{forward:t=>t*Rn(t),backward:(t,e)=>{let n=qn(e);return t*(Rn(e)+n*Math.exp(-n*n/2)/Math.sqrt(2*Math.PI))}},gelu_tanh:{forward:t=>t*ut(Wn(qn(t))),backward:Na},silu:{forward:t=>t*ut(t),backward:(t,e)=>t*ut(e)*(1+e*ut(-e))},mish:{forward:t=>t*Math.tanh(jn(t)),backward:Pa},softplus:{forward:jn,backward:(t,e)=>t*ut(e)},tanh:{forward:Math.tanh,backward:Ea},sigmoid:{forward:ut,backward:_s}};function Ue(t){let e=I(t.rows,t.cols);for(let n=0;n<t.cols;n++){let o=-1/0,s=0;for(let r=0;r<t.rows;r++)o=Math.max(o,t.data[r*t.cols+n]);for(let r=0;r<t.rows;r++)s+=e.data[r*t.cols+n]=Math.exp(t.data[r*t.cols+n]-o);for(let r=0;r<t.rows;r++)e.data[r*t.cols+n]/=s}return e}function La(t,e){let n=Ue(e),o=I(e.rows,e.cols);for(let s=0;s<e.cols;s++){let r=0;for(let a=0;a<e.rows;a++)r+=t.data[a*e.cols+s]*n.data[a*e.cols+s];for(let a=0,i=s;a<e.rows;a++,i+=e.cols)o.data[i]=n.data[i]*(t.data[i]-r)}return o}var st={...Object.fromEntries(Object.entries(Ia).map(([t,e])=>[t,{one:e,forward:n=>Q(n,e.forward),backward:(n,o)=>J(n,o,e.backward)}])),softmax:{forward:Ue,backward:La}};function ys(t,e,n){let o=I(1,t.cols);for(let s=0,r=0;s<t.rows;s++)for(let a=0;a<t.cols;a++,r++)o.data[a]+=n(t.data[r],e.data[r]);return o}function Ra(t,e){let n=I(1,t.cols);for(let o=0;o<t.cols;o++){let s=-1/0,r=0,a=0;for(let i=o;i<t.data.length;i+=t.cols)s=Math.max(s,t.data[i]);for(let i=o;i<t.data.length;i+=t.cols){let c=t.data[i]-s;r+=Math.exp(c),a+=e.data[i]*c}n.data[o]=Math.log(r)-a}return n}function pe({output:t,output_settings:e,layer_dims:n}){let o=e?.smoothing;return o?{keep:1-o,even:o/(t==="sigmoid"?2:n.at(-1))}:null}function Ze(t,e){let n=pe(t);return n?Q(e,o=>n.keep*o+n.even):e}var it={sigmoid:{activation:"sigmoid",equation:"sigmoid_cross_entropy",loss:(t,e)=>ys(t,e,(n,o)=>Math.max(n,0)-o*n+Math.log1p(Math.exp(-Math.abs(n)))),lossBackward:(t,e)=>J(t,e,(n,o)=>ut(n)-o)},softmax:{activation:"softmax",equation:"softmax_cross_entropy",loss:Ra,lossBackward:(t,e)=>J(Ue(t),e,(n,o)=>n-o)},identity:{activation:"identity",equation:"squared_error",loss:(t,e)=>{let n=ys(t,e,(o,s)=>(o-s)**2);return{...n,data:n.data.map(o=>o/2)}},lossBackward:(t,e)=>J(t,e,(n,o)=>n-o)}};var ws=(t,e,n)=>t/(1-e**n);function qa(t,e,{v:n,s:o},{learning_rate:s,beta1:r,beta2:a,epsilon:i,epsilon_at:c,t:u}){n=r*n+(1-r)*e,o=a*o+(1-a)*e*e;let l={v̂:ws(n,r,u),ŝ:ws(o,a,u)},d=c==="hat"?(Math.sqrt(o)+i)/Math.sqrt(1-a**u):c==="inside"?Math.sqrt(l.ŝ+i):Math.sqrt(l.ŝ)+i;return{theta:t-s*(l.v̂/d),v:n,s:o,hats:l}}var vs={equation:"adam_update",state:["v","s"],hats:{v̂:"v",ŝ:"s"},defaults:{beta1:.9,beta2:.999,epsilon:1e-8,epsilon_at:"outside"},one:qa},j={gd:{equation:"gradient_descent_update",state:[],defaults:{},one:(t,e,n,{learning_rate:o})=>({theta:t-o*e})},momentum:{equation:"momentum_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n+(1-s)*e,{theta:t-o*n,v:n}}},nesterov:{equation:"nesterov_update",state:["v"],defaults:{beta:.9},one(t,e,{v:n},{learning_rate:o,beta:s}){return n=s*n-o*e,{theta:t+s*n-o*e,v:n}}},rmsprop:{equation:"rmsprop_update",state:["s"],defaults:{beta:.99,epsilon:1e-8},one(t,e,{s:n},{learning_rate:o,beta:s,epsilon:r}){return n=s*n+(1-s)*e*e,{theta:t-o*(e/(Math.sqrt(n)+r)),s:n}}},adam:vs,adamw:{...vs,weight_decay:.01},lion:{equation:"lion_update",state:["v"],defaults:{beta1:.9,beta2:.99},one(t,e,{v:n},{learning_rate:o,beta1:s,beta2:r}){let a=Math.sign(s*n+(1-s)*e);return{theta:t-o*a,v:r*n+(1-r)*e}}}};function Nt({network:t,training:e,parameters:n,X:o,Y:s,masks:r},a=new Map,i=void 0){let c=(b,_)=>{let w=i?.name===b?i.value:_;return a.set(b,w),w},{activations:u}=t,l=u.length,d=b=>i?.name===b?i.value:n[b],h=c("A0",o),p=h;for(let b=1;b<=l;b++){let _=r?.[`A${b}`],w=b===1&&n.s1?c("W_s1",He(d("W1"),d("s1"))):d(`W${b}`);p=c(`Z${b}`,ls(as(w,h),d(`b${b}`))),h=st[u[b-1]].forward(p);let S=d(`alpha${b}`);if(S){let k=Et(p,S,(v,O)=>(1-O)*v);h=J(k,Et(c(`g(Z${b})`,h),S,(v,O)=>O*v),(v,O)=>v+O)}h=c(_?`${S?"p":"g"}(Z${b})`:`A${b}`,h),_&&(a.set(`mask${b}`,_),h=c(`A${b}`,J(h,_,(k,v)=>k*v)))}if(!s)return a;a.set("Y",s);let g=c("loss",it[t.output].loss(p,Ze(t,s))),y=0;for(let b of g.data)y+=b;if(y/=g.cols,e.l2){let b=0;for(let _=1;_<=l;_++)for(let w of d(`W${_}`).data)b+=w*w;a.set("J_data",y),a.set("J_L2",e.l2/(2*g.cols)*b),a.set("J",y+a.get("J_L2"))}else a.set("J",y);return a}function ks(t,e,n){return Nt({network:t,training:{},parameters:e,X:n,Y:null}).get(`A${t.activations.length}`)}var Zt=({learning_rate:t,rate_factors:e},n)=>t*(e?.[n]??1),de=({weight_decay:t,decay_factors:e},n)=>(t||0)*(e?.[n]??(n[0]==="W"?1:0)),xs=(t,e)=>t+e,Be=(t,e)=>t*e;function ja({network:t,training:e,parameters:n,masks:o=void 0},s){let{activations:r}=t,a=r.length,i=s.get("Y"),c=i.cols,u=it[t.output].lossBackward(s.get(`Z${a}`),Ze(t,i));for(let l=a;l>=1;l--){let d=n[`W${l}`];s.set(`dZ${l}`,u);let h=Q(is(u,s.get(`A${l-1}`)),v=>v/c);if(l===1&&n.s1){s.set("dW_s1",h);let v=I(d.cols,1);J(d,h,Be).data.forEach((O,D)=>v.data[D%d.cols]+=O),s.set("ds1",v),h=He(h,n.s1)}if(e.l2&&(s.set(`dW${l}_data`,h),s.set(`dW${l}_L2`,Q(d,v=>e.l2/c*v)),h=J(h,s.get(`dW${l}_L2`),xs)),s.set(`dW${l}`,h),s.set(`db${l}`,Q(In(u),v=>v/c)),l===1)break;let p=cs(d,u);s.set(`dA${l-1}`,p);let[g,y]=[o?.[`A${l-1}`],n[`alpha${l-1}`]],[b,_]=[s.get(`Z${l-1}`),st[r[l-2]]];if(g&&s.set(`d${y?"p":"g"}(Z${l-1})`,p=J(p,g,Be)),!y){u=_.backward(p,b);continue}let w=Et(p,y,Be);s.set(`dg(Z${l-1})`,w);let S=Et(p,y,(v,O)=>(1-O)*v);u=J(S,_.backward(w,b),xs);let k=J(s.get(`g(Z${l-1})`),b,(v,O)=>(v-O)/c);s.set(`dalpha${l-1}`,In(J(p,k,Be)))}return s}function Wa({training:t,parameters:e,slots:n,t:o},s){let r=j[t.optimizer],a={parameters:{},slots:{}};for(let[i,c]of Object.entries(e)){let[u,l]=[Zt(t,i),de(t,i)],d={...r.defaults,...t.hyperparameters,learning_rate:u,t:o},h=c;l&&(h=Q(c,b=>(1-u*l)*b),s.set(`${i}_decayed`,h));let p=s.get(`d${i}`),g=Object.fromEntries([...r.state,...Object.keys(r.hats??{})].map(b=>[b,I(h.rows,h.cols)])),y=I(h.rows,h.cols);for(let b=0;b<h.data.length;b++){let _={};for(let S of r.state)_[S]=n?.[`${S}_d${i}`]?.data[b]??0;let w=r.one(h.data[b],p.data[b],_,d);y.data[b]=w.theta;for(let S of r.state)g[S].data[b]=w[S];for(let S in r.hats)g[S].data[b]=w.hats[S]}for(let b in g)s.set(`${b}_d${i}`,g[b]);for(let b of r.state)a.slots[`${b}_d${i}`]=g[b];s.set(`${i}′`,y),a.parameters[i]=y}return a}function Bt(t){let e=new Map;Nt(t,e);for(let[o,s]of Object.entries(t.parameters))e.set(o,s);for(let[o,s]of Object.entries(t.slots??{}))e.set(`${o}⁻`,s);ja(t,e);let n=Wa(t,e);return{values:e,after:{...n,t:t.t}}}var Ms=(t,e)=>Object.is(t,e)||t===e?0:Math.abs(t-e)/Math.max(1,Math.abs(t),Math.abs(e));function Fa(t,e){if(typeof e=="number")return Ss(Ms(t,e));if(!t||t.data.length!==e.data.length)return 1/0;let n=0;for(let o=0;o<t.data.length;o++)n=Math.max(n,Ss(Ms(t.data[o],e.data[o])));return n}var Ss=t=>Number.isNaN(t)?1/0:t;function Fn({parameters:t,slots:e,quantities:n,after:o}){let s=(r,a)=>Object.entries(r??{}).map(([i,c])=>[`${i}${a}`,c]);return new Map([...s(t,""),...s(e,"⁻"),...s(n,""),...s(o,"′")])}function Dn({network:t,training:e},{step:n,parameters:o,slots:s,quantities:r,learning_rate:a}){let i=Object.entries(r).filter(([c])=>c.startsWith("mask"));return{network:t,training:{...e,learning_rate:a??e.learning_rate},parameters:o,slots:s??{},t:n,X:r.A0,Y:r.Y,masks:i.length?Object.fromEntries(i.map(([c,u])=>[c.replace("mask","A"),u])):null}}function Hn(t,e){let n={difference:0,worst:"",compared:0};for(let[o,s]of Fn(e)){if(s==null||!t.has(o))continue;let r=Fa(t.get(o),s);n.compared+=1,r>n.difference&&Object.assign(n,{difference:r,worst:o}),t.set(o,s)}return n}var Ts=(t,e)=>Hn(Bt(Dn(t,e)).values,e);function zt({network:t,training:e}){let n=t.activations.slice(0,-1).filter(o=>!st[o]?.one);return[...e.beyond??[],...n,...it[t.output]?[]:[t.output],...j[e.optimizer]?[]:[e.optimizer]]}var Da={input:"given"},ze=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!0,this.costs=[],this.changedFrom=1/0,this.numbers=e.golden.map(({step:n})=>n).sort((n,o)=>n-o),this.latest={t:this.numbers.at(-1)-1,parameters:e.golden.at(-1).parameters,slots:{}},this.size=Object.values(e.parameters).reduce((n,{data:o})=>n+o.length,0),this.opened=new Map;for(let{step:n,quantities:o}of e.golden)this.costs[n-1]=o.J}trainingAt(){return this.lesson.training}dataAt(){return this.lesson.data}updatesPerEpoch(){return 1}golden(e){return this.lesson.golden.find(({step:n})=>n===e)}epochOf(e){return this.golden(e).epoch}batchOf(e){return Array.from({length:this.golden(e).quantities.Y.cols},(n,o)=>this.lesson.batches?.[e-1]?.[o]??o)}state(e){return{parameters:this.golden(e+1).parameters,slots:{},t:e}}open(e){return this.opened.has(e)||this.opened.set(e,this.openRecorded(e)),this.opened.get(e)}openRecorded(e){let n=this.golden(e),o=Fn(n),s=this.lesson.entries.filter(({name:a})=>o.has(a)&&a!=="t"&&!(a in n.parameters)).map(({name:a,layer:i,phase:c,formula:u,equation:l})=>({id:a,layer:i,phase:Da[c]??c,kind:"recorded",equation:l,formula:u,tokens:[{name:a},...Ha(u,a,o)]})),r={...Dn(this.lesson,n),batch:this.batchOf(e)};return{k:e,problem:r,values:o,after:{parameters:n.after},steps:s,check:null,born:null}}reach(e,n=1){let o=this.numbers.filter(s=>e>=n?s>=e:s<=e);return e>=n?o[0]??this.numbers.at(-1):o.at(-1)??this.numbers[0]}};function Ha(t,e,n){let o=t.split("=").slice(1).join("=");return[...new Set(o.match(/[A-Za-z_]+\d+/g)??[])].filter(r=>r!==e&&n.has(r)).slice(0,3).flatMap(r=>[",",{name:r}]).slice(0,6).map((r,a)=>a===0?"←":r)}var x=t=>({name:t}),Ye=t=>({name:t,transposed:!0}),Un=({parametric:t},e)=>!!t?.[e-1];function As(t){let e=pe(t);return e?["(",`${e.keep}`,"·",x("Y"),"+",`${e.even}`,")"]:[x("Y")]}function*Ua(t,e){let{activations:n,input_scale:o}=t;for(let s=1;s<=n.length;s++){let r=n[s-1],a=(d,h,p,...g)=>({id:d,phase:"forward",layer:s,kind:h,equation:p,tokens:g}),i=s===1&&o;i&&(yield a("W_s1","scale","scaled_weights",x("W_s1"),"=",x("W1"),"∘",Ye("s1"))),yield a(`Z${s}`,"linear","linear_forward",x(`Z${s}`),"=",x(i?"W_s1":`W${s}`),"·",x(`A${s-1}`),"+",x(`b${s}`));let c=Un(t,s),u=e(s)?`${c?"p":"g"}(Z${s})`:`A${s}`,l=c?`g(Z${s})`:u;if(yield a(l,"activation",r,x(l),"=",r,"(",x(`Z${s}`),")"),c){let[d,h]=[x(`alpha${s}`),x(`Z${s}`)],p=["=","(1 −",d,")","∘",h,"+",d,"∘",x(l)];yield a(u,"bent","parametric_forward",x(u),...p)}e(s)&&(yield a(`A${s}`,"dropout","dropout_forward",x(`A${s}`),"=",x(u),"∘",x(`mask${s}`)))}}function*Za(t,e){let{activations:n,output:o}=t,s=n.length,{equation:r}=it[o],a=(c,u,l,...d)=>({id:c,phase:"cost",layer:s,kind:u,equation:l,tokens:d});yield a("loss","loss",r,x("loss"),"=","loss","(",x(`Z${s}`),",",...As(t),")");let i=["1/m","Σ",x("loss")];yield e?a("J","cost","l2_cost",x("J"),"=",...i,"+",x("J_L2")):a("J","cost","cost_from_logits",x("J"),"=",...i)}function*Ba(t,e,n){let{activations:o,output:s,input_scale:r}=t,a=o.length;for(let i=a;i>=1;i--){let c=(p,g,y,...b)=>({id:p,phase:"backward",layer:i,kind:g,equation:y,tokens:b});if(i===a){let p=n(i)?`g(Z${i})`:`A${i}`;yield c(`dZ${i}`,"output",`${it[s].equation}_backward`,x(`dZ${i}`),"=",x(p),"−",...As(t))}else{let p=Un(t,i),g=n(i)?`d${p?"p":"g"}(Z${i})`:`dA${i}`;n(i)&&(yield c(g,"dropout_back","dropout_backward",x(g),"=",x(`dA${i}`),"∘",x(`mask${i}`)));let[y,b,_]=[o[i-1],x(`alpha${i}`),x(`Z${i}`)],w=["∘",`${y}′`,"(",_,")"],S=(k,v,...O)=>c(k,v,"parametric_backward",x(k),"=",...O);p?(yield S(`dg(Z${i})`,"bent_back",b,"∘",x(g)),yield S(`dZ${i}`,"bent_back","(1 −",b,")","∘",x(g),"+",x(`dg(Z${i})`),...w),yield S(`dalpha${i}`,"bent_alpha","1/m","Σ",x(g),"∘","(",x(`g(Z${i})`),"−",_,")")):yield c(`dZ${i}`,"activation_back",`${y}_backward`,x(`dZ${i}`),"=",x(g),...w)}let u=e?["+","λ/m",x(`W${i}`)]:[],l=i===1&&r,d=l?"dW_s1":`dW${i}`,h=["1/m",x(`dZ${i}`),"·",Ye(`A${i-1}`)];if(yield c(d,"weights","linear_backward",x(d),"=",...h,...l?[]:u),l){let p=(g,y,...b)=>c(g,y,"scaled_weights_backward",x(g),"=",...b);yield p("dW1","scale_back",x(d),"∘",Ye("s1"),...u),yield p("ds1","scale_sum","Σ",x("W1"),"∘",x(d))}yield c(`db${i}`,"bias","linear_backward",x(`db${i}`),"=","1/m","Σ",x(`dZ${i}`)),i>1&&(yield{...c(`dA${i-1}`,"back","linear_backward",x(`dA${i-1}`),"=",Ye(`W${i}`),"·",x(`dZ${i}`)),layer:i-1})}}function*za(t,e){let{activations:n,input_scale:o}=t,{optimizer:s}=e,r=j[s];for(let a=1;a<=n.length;a++){let i=[`W${a}`,`b${a}`];a===1&&o&&i.push("s1"),Un(t,a)&&i.push(`alpha${a}`);for(let c of i){let u=(p,g,y,...b)=>({id:p,phase:"update",layer:a,kind:g,equation:y,tokens:b}),l=de(e,c)?`${c}_decayed`:c;l!==c&&(yield u(l,"decay","decoupled_decay",x(l),"=","(1 − α·λ)",x(c)));for(let p of r.state){let g=`${p}_d${c}`;yield u(g,"slot",r.equation,x(g),"←",x(`${g}⁻`),",",x(`d${c}`))}let d=r.hats?Object.keys(r.hats).map(p=>x(`${p}_d${c}`)):[x(`d${c}`)],h=s==="gd"?["−","α",x(`d${c}`)]:[",",...r.hats?d:r.state.map(p=>x(`${p}_d${c}`)).concat(d)].flatMap((p,g)=>g>1?[",",p]:[p]);yield u(`${c}′`,"update",r.equation,x(`${c}′`),s==="gd"?"=":"←",x(l),...h)}}}function Os(t,e,n){let o=s=>!!n?.[`A${s}`];return[{id:"A0",phase:"given",layer:0,kind:"batch",equation:"",tokens:[x("A0"),"→",x("Y")]},...Ua(t,o),...Za(t,e.l2),...Ba(t,e.l2,o),...za(t,e)]}function Cs(t,e){for(let n of t){let o=e.get(n);if(typeof o=="number"){if(!Number.isFinite(o))return{name:n,row:0,col:0,value:o}}else if(o){let s=o.data.findIndex(r=>!Number.isFinite(r));if(s>=0)return{name:n,row:Math.floor(s/o.cols),col:s%o.cols,value:o.data[s]}}}return null}function Zn(t){return t^=t>>>16,t=Math.imul(t,569420461),t^=t>>>15,t=Math.imul(t,1935289751),(t^t>>>15)>>>0}function Pt(t,...e){let n=e.reduce((o,s)=>Zn(o+s|0),Zn(t|0));return()=>(n=n+2654435769|0,Zn(n)/2**32)}function tt(t){return Math.sqrt(-2*Math.log(1-t()))*Math.cos(2*Math.PI*t())}function Es(t,e){let n=Array.from({length:e},(o,s)=>s);for(let o=e-1;o>0;o--){let s=Math.floor(t()*(o+1));[n[o],n[s]]=[n[s],n[o]]}return n}var Ya=2e6,Xa=200,Ns=({dropout:t})=>[t].flat().some(e=>e>0),pt=class{constructor(e){this.lesson=e,this.network=e.network,this.isRecorded=!1,this.numbers=[],this.trainings=[{from:1,training:e.training}],this.datas=[{from:1,data:e.data}];let n={parameters:e.parameters,slots:{},t:0};this.kept=new Map([[0,n]]),this.pinned=new Set([0]),this.stride=1,this.latest=n,this.costs=[],this.changedFrom=1/0,this.log=[],this.base=null,this.opened=new Map,e.resume&&this.resume(e.resume),this.stopped=null,this.followed=Math.min(e.training.batch_size?e.batches?.length??0:1/0,Ns(e.training)?e.masks?.length??0:1/0),this.size=Object.values(e.parameters).reduce((o,{data:s})=>o+s.length,0)}trainingAt(e){return this.trainings.findLast(({from:n})=>n<=e).training}dataAt(e){return this.datas.findLast(({from:n})=>n<=e).data}examples(e=this.latest.t+1){return this.dataAt(e).X.cols}updatesPerEpoch(e=this.latest.t+1){let n=this.trainingAt(e).batch_size;return n?Math.ceil(this.examples(e)/n):1}epochOf(e){return Math.floor((e-1)/this.updatesPerEpoch(e))}batchOf(e){let{lesson:n}=this;if(e<this.changedFrom&&n.batches?.[e-1])return n.batches[e-1];let{batch_size:o,seed:s}=this.trainingAt(e),r=this.examples(e);if(!o||o>=r)return Array.from({length:r},(c,u)=>u);let a=this.epochOf(e);(this.order?.epoch!==a||this.order.seed!==s||this.order.examples.length!==r)&&(this.order={epoch:a,seed:s,examples:Es(Pt(s,2,a),r)});let i=(e-1)%this.updatesPerEpoch(e)*o;return this.order.examples.slice(i,i+o)}masksOf(e,n){let{dropout:o,seed:s}=this.trainingAt(e);if(!Ns({dropout:o}))return null;if(e<this.changedFrom&&this.lesson.masks?.[e-1])return this.lesson.masks[e-1];let r={};for(let a=1;a<this.network.activations.length;a++){let i=Pt(s,3,e,a),c=1-(Array.isArray(o)?o[a-1]:o);c<1&&(r[`A${a}`]=Q(I(this.network.layer_dims[a],n),()=>i()<c?1/c:0))}return r}problem(e,n){let o=this.batchOf(e),{X:s,Y:r}=this.dataAt(e),a=o.length===s.cols&&o.every((i,c)=>i===c);return{network:this.network,training:this.trainingAt(e),...n,t:e,batch:o,X:a?s:Ut(s,o),Y:a?r:Ut(r,o),masks:this.masksOf(e,o.length)}}state(e){for(let n of this.making(e));return this.made}*making(e){if(e===this.latest.t&&(this.made=this.latest),this.made?.t===e)return;let n=e;for(;!this.kept.has(n)&&n!==this.base?.t;)n--;let o=this.kept.get(n)??this.base;for(;o.t<e;)o=Bt(this.problem(o.t+1,o)).after,o.t<e&&(yield);this.made=o}open(e){if(this.opened.has(e))return this.opened.get(e);let n=this.state(e-1),o=this.problem(e,n),{values:s,after:r}=Bt(o),a=n.forgotten&&j[o.training.optimizer].state.length>0,i=Os(this.network,o.training,o.masks).filter(({phase:h})=>!a||h!=="update"),c=e<this.changedFrom&&e<=this.followed&&this.lesson.golden?.find(({step:h})=>h===e),u=c?Hn(s,c):null,l=i.map(({id:h})=>h),d={k:e,problem:o,values:s,after:r,steps:i,check:u,born:Cs(l,s)};return this.opened.size>3&&this.opened.delete(this.opened.keys().next().value),this.opened.set(e,d),d}advance(){let e=this.latest.t+1,{values:n,after:o}=Bt(this.problem(e,this.latest)),s=n.get("J"),r=Object.values(o.parameters).every(({data:a})=>a.every(Number.isFinite));return!Number.isFinite(s)||!r?(this.stopped=this.open(e).born??{name:"J",row:0,col:0,value:s},this.stopped.k=e,!1):(this.costs[e-1]=s,this.latest=o,e%this.stride===0&&this.keep(o),!0)}reach(e,n=1){for(let o of this.going(e));return Math.max(1,Math.min(e,this.latest.t+1))}*going(e){if(e<=this.latest.t)yield*this.making(e-1);else for(;this.latest.t<e-1&&this.advance();)this.latest.t<e-1&&(yield)}arrive(e,n,o,s){this.latest={parameters:n,slots:s??{},t:e,forgotten:!s&&e>0},this.base=this.latest,this.forget(),e&&Number.isFinite(o)&&(this.costs[e-1]=o),e%this.stride===0&&this.keep(this.latest)}startFrom({base:e,kept:n,costs:o}){for(let[s,r]of n)s<e.t&&this.kept.set(s,r);this.costs=o.slice(0,e.t),this.arrive(e.t,e.parameters,NaN),this.kept.set(e.t,this.latest)}beginning(e){let n=this.base?Math.min(e,this.base.t):0;return e-n>Xa?Math.max(n,...[...this.kept.keys()].filter(o=>o<e)):n}keep(e){this.kept.set(e.t,e);let n=1+Object.keys(e.slots).length/Math.max(1,Object.keys(e.parameters).length);if(!(this.kept.size*this.size*n<=Ya||this.kept.size<16)){this.stride*=2;for(let o of this.kept.keys())o%this.stride&&!this.pinned.has(o)&&this.kept.delete(o)}}branch(e){this.latest=this.state(e);for(let n of[...this.kept.keys()])n>e&&this.kept.delete(n);this.kept.set(e,this.latest),this.pinned.add(e),this.costs.length=Math.min(this.costs.length,e),this.trainings=this.trainings.filter(({from:n})=>n<=e+1),this.datas=this.datas.filter(({from:n})=>n<=e+1),this.log=this.log.filter(n=>n.t<=e),this.changedFrom=Math.min(this.changedFrom,e+1),this.forget(),this.order=void 0,this.stopped=null}forget(){this.opened.clear(),this.made=void 0}edit(e,n,o,s,r){this.branch(e),this.log.push({t:e,edit:[n,o,s,r]});let a=De(this.latest.parameters[n]);a.data[o*a.cols+s]=r,this.latest={...this.latest,parameters:{...this.latest.parameters,[n]:a}},this.kept.set(e,this.latest),this.forget()}add(e,n,o){this.branch(e),this.log.push({t:e,add:[n,o]}),this.grow(e,n,o)}grow(e,n,o){let s=this.dataAt(e+1),r={...s,X:Ln(s.X,n),Y:Ln(s.Y,o)};this.datas=[...this.datas.filter(({from:a})=>a<=e),{from:e+1,data:r}]}standing(){return{states:[...[...this.pinned].filter(n=>n>0||this.log.length).map(n=>this.kept.get(n)).filter(({t:n})=>n!==this.latest.t),this.latest],costs:{rows:1,cols:this.costs.length,data:Float64Array.from(this.costs,n=>n??NaN)},log:this.log,trainings:this.trainings,changedFrom:this.changedFrom,base:this.base}}resume({states:e,costs:n,log:o,trainings:s,changedFrom:r,base:a=null}){for(let i of e)this.kept.set(i.t,i),this.pinned.add(i.t);Object.assign(this,{latest:e.at(-1),costs:Array.from(n.data),log:o,trainings:s,changedFrom:r,base:a});for(let{t:i,add:c}of o)c&&this.grow(i,...c)}*replaying(e){for(let{t:n,edit:o,set:s,add:r}of e){if(yield*this.going(n+1),this.latest.t<n)return;o?this.edit(n,...o):r?this.add(n,...r):this.retrain(n,s)}}retrain(e,n){let o=this.trainingAt(e+1);this.branch(e),this.log.push({t:e,set:n});let s={...o,...n};this.trainings=[...this.trainings.filter(({from:r})=>r<=e),{from:e+1,training:s}],n.optimizer&&n.optimizer!==o.optimizer&&(this.latest={...this.latest,slots:{}},this.kept.set(e,this.latest),this.forget())}};var Ja={0:"DeepStep",1:"Works offline. Nothing leaves this page.",2:"Skip to the content",3:"Screens","screen.home":"Home","screen.play":"Play","screen.lab":"Step lab",4:"Share",5:"Help and keys",6:"Find a quantity",7:"Close",8:"The page cannot compute {parts}: it shows the updates {numbers} as Python recorded them.",9:"The deep network, with every step open",a:"Train a network here, stop anywhere, and open any number: what made it, from what, and what it does next.",b:"Start with a data set",c:"Bring your own",d:"Numbers as a table",e:"One example a line, the target in the last column. Paste here, or drop a CSV file on this page.",f:`x1,x2,class
0.1,0.7,a
0.9,0.2,b`,g:"Use this table",h:"Open a lesson or CSV file",i:"A page or lesson that was exported from DeepStep, or a table.",j:"Go on with “{title}”","toy.circles":"Circles","toy.xor":"XOR","toy.gaussians":"Two clouds","toy.moons":"Moons","toy.spirals":"Spirals","toy.arms":"Three arms","toy.plane":"Plane","toy.wave":"Wave","kind.binary":"two classes","kind.classes":"{n} classes","kind.numbers":"numbers","error.notALesson":"This file is no DeepStep lesson.","error.newerLesson":"This lesson has version {version}, and this page reads 1: open it with a newer DeepStep.","error.damaged":"{where}: expected {expected}; got {came}. {mend}","error.array":"An array’s shape and its numbers do not agree. {mend}","error.again":"Export the lesson again.","error.copy":"Copy the link again.","error.other":"it was made on another lesson. Open it there.","error.link":"The link cannot be followed: {why}","error.csv.short":"A table needs at least two lines.","error.csv.narrow":"A table needs at least two columns: inputs, then the target.","error.csv.large":"This table is too large for the page; use DeepStep in Python.","error.csv.numbers":"All columns but the last must hold numbers.","error.csv.target":"The target has more than 10 different texts, or only one.","error.server.refused":"The server did not give its lesson: open the address that it printed, in one window.","error.file":"It is damaged, or no lesson: {why}. {mend}",k:"units",l:"units before",m:"inputs",n:"outputs",o:"examples",p:"1",q:"rows",r:"columns","phase.given":"Batch","phase.forward":"Forward","phase.cost":"Cost","phase.backward":"Backward","phase.update":"Update","say.batch":"The batch: {m} examples, each a column of {n} inputs, and the targets Y.","say.linear":"Layer {l}: each of its {n} units weighs the {before} numbers handed to it and adds its bias.","say.activation":"Layer {l}: {g} bends each pre-activation; A{l} is what the layer hands on.","say.scale":"Layer 1: each input’s factor goes into its weights.","say.bent":"Layer {l}: α says how far a unit bends: 0 hands Z{l} on, 1 what {g} makes of it.","say.dropout":"Layer {l}: dropout puts some activations to 0 and raises the others, so the mean stays.","say.loss":"How wrong each of the {m} answers is, one number an example, computed from the logits.","say.cost":"The cost J is the mean loss of the batch: the one number that training makes smaller.","say.output":"Backward begins: for this output and loss, the derivative by Z{l} is simply output minus target.","say.weights":"Layer {l}: each weight’s share of the error, averaged over the {m} examples.","say.bias":"Layer {l}: each bias’s share of the error, the mean of its row of dZ{l}.","say.back":"The error goes back through W{next} to what layer {l} handed on.","say.activation_back":"Layer {l}: the slope of {g} at each Z{l} lets the error through, or stops it.","say.dropout_back":"Layer {l}: what dropout put to 0 gets no error.","say.bent_back":"Layer {l}: 1 − α of the error passes straight, the rest through {g}.","say.bent_alpha":"Layer {l}: each α’s share of the error.","say.scale_back":"Layer 1: each weight’s share of the error.","say.scale_sum":"Layer 1: each input factor’s share of the error.","say.decay":"Layer {l}: weight decay shortens the weights a little.","say.slot":"Layer {l}: the optimizer’s memory of {name} takes in the new gradient.","say.recorded":"{name}, as Python computed and recorded it.","say.update":"Layer {l}: {name} moves against its gradient. The next step starts from here.",s:"Update {k}",t:"epoch {e}",u:"Micro-steps of this update",v:"The equation in numbers",w:"Part of the network that is at work: {part}",x:"{rows} × {cols}",y:"rows {from}–{to} of {of}",z:"columns {from}–{to} of {of}",10:"{name}, row {row}, column {col}: {value}",11:"The library’s own source",12:"The source of this step did not come with the page.",13:"{file}, line {line}",14:"Of a matrix that does not fit a window is shown; the strip below it shows the whole. Rows and columns count from 0.",15:"Cell inspector",16:"Choose a number: it opens here.",17:"Given to this step: nothing in it was computed.",18:"As Python recorded it.",19:"A parameter as it stood before this update.","1a":"Column {col} is example {i}: {inputs}; target {target}.","1b":"From {first} to {last} over {n} updates.","1c":"All digits","1d":"Copy","1e":"Copied.","1f":"As code","1g":"Formula","1h":"Numbers put in","1i":"Largest of {n} terms","1j":"{n} more add up to {value}","1k":"Check it numerically","1l":"Numeric derivative","1m":"agrees: the difference is {difference}","1n":"differs by {difference}: there may be a bend here","1o":"Show the micro-step that made it","1p":"Gradient check of this update","1q":"Gradient check","1r":"Each derivative beside a numeric one: the quantity is moved where it stands, and the cost is taken again.","1s":"Quantity","1t":"Checked","1u":"Largest relative difference","1v":"Verdict","1w":"✓ agrees","1x":"✗ differs","1y":"All {n} derivatives agree with their numeric twins.","1z":"{n} of the derivatives differ: look where a bend of the activation is near.",20:"Checking…",21:"recomputed = recorded, max diff {difference} ✓",22:"recomputed ≠ recorded: {name} differs by {difference}",23:"This page recomputed {n} quantities that Python recorded, and compared every number.",24:"Stopped: {name} is not finite",25:"At update {k}, row {row}, column {col} of {name} became {value}. The state before it is kept.",26:"Take me there",27:"The training in Python stopped.",28:"Begin again",29:"Data","2a":"Network","2b":"Training","2c":"Data set","2d":"{n} examples · inputs: {x}","2e":"Paint points","2f":"Click in the map to add a point of this class.","2g":"Add a point","2h":"Class","2i":"Hidden layers","2j":"Add a hidden layer","2k":"Take a hidden layer away","2l":"One unit more in layer {l}","2m":"One unit less in layer {l}","2n":"Inputs","2o":"Layer {l}","2p":"Output","2q":"Activation of layer {l}","2r":"Optimizer","2s":"Learning rate","2t":"L2 strength λ","2u":"Batch size","2v":"all","2w":"Dropout","2x":"New weights","2y":"Undo","2z":"Unit {j} of layer {l}",30:"Unit {j} of layer {l}, bias {b}",31:"Bias",32:"from {from}",33:"{from}–{to} of {n}",34:"Units before these, layer {l}",35:"Units after these, layer {l}",36:"{n} more weights; open W{l} in the Step lab.",37:"Open layer {l} in the Step lab",38:"Decision map",39:"Axes: {x} and {y}; other inputs at their means.","3a":"The network’s answer over {x} and {y}.","3b":"Cost J","3c":"J began at {first} and was {last} before update {n}; lowest {low}.","3d":"No update done yet. Press play, or step.","3e":"As a table","3f":"{n} of {m} right","3g":"mean squared error {value}","3h":"Blue, solid: positive. Orange, dashed: negative. Thick: large.","3i":"The run as it was recorded","3j":"solid: training, dashed: validation","3k":"Transport","3l":"Back to the start","3m":"Play","3n":"Pause","3o":"Micro-step back","3p":"Micro-step","3q":"Next layer","3r":"Update back","3s":"Update","3t":"Epoch","3u":"Play by","bar.unit.micro":"micro-step","bar.unit.update":"update","bar.unit.epoch":"epoch","3v":"Speed","3w":"Micro-step of this update","3x":"Updates done","3y":"{n} updates done","3z":"J = {value}",40:"Layers now",41:"Layer",42:"dW",43:"ΔW / W",44:"Units",45:"{n} dead",46:"{share} % saturated",47:"Share this state",48:"As one HTML file",49:"Opens anywhere without an install, trains in the page; about {size}.","4a":"Save the page","4b":"Saved {name}, {size}.","4c":"Save the lesson (JSON)","4d":"Python that makes this state again","4e":"Copy the code","4f":"Copy a link to this place","4g":"Copied.","4h":"No link can carry this data: save the page.","4i":"A link carries the place and not your {n} changes: save the page to keep them.","4j":"Find a quantity","4k":"Name, such as dW2","4l":"No quantity of that name in this update.","4m":"Keys","4n":"Play or pause","4o":"Micro-step back, forward","4p":"Layer back, forward","4q":"Update back, forward","4r":"Find a quantity","4s":"This list","4t":"In a matrix: arrows, Home, End, Page keys move from number to number; Enter goes to the micro-step that made it.","4u":"Single keys work as shortcuts","4v":"Rows and columns count from 0, as in Python. Columns of X, Z and A are examples.","4w":"Connected to Python","4x":"The connection to Python ended; the page goes on by itself."},Ps=Ja;function f(t,e={}){return(Ps[t]??t).replace(/\{(\w+)\}/g,(o,s)=>s in e?String(e[s]):o)}var Is=t=>t in Ps;function Xe(t,e){if(e.kind==="recorded")return f("say.recorded",{name:e.id});let{layer_dims:n,activations:o}=t.network,{layer:s,kind:r,id:a}=e;return f(`say.${r}`,{l:s,next:s+1,n:n[s],before:n[s-1],g:o[s-1],m:t.batchOf(1).length,name:a.replace("′","").replace(/^._/u,"")})}var Ga=1e5,Va={micro:[2400,1400,800,350,100],other:[500,150,40,0,0]},Rs=12,Ka=300,F=()=>$.session.open($.k),Ge=()=>F().steps[$.micro];function wt(t){$.playing&&he(!1),t==="lab"?$.unit="micro":$.unit==="micro"&&($.unit="update"),T({screen:t})}function fe(){$.server?.on&&$.server.leave()}function It(t,e){fe();let n=zt(t).length?new ze(t):new pt(t);n.isRecorded&&(e="lab"),T({session:n,k:1,micro:1,playing:!1,job:null,born:null,ended:"",error:"",check:null,paint:null}),$.firstUnit={},$.unitOpen=[n.network.activations.length,0],wt(e),Lt(),n.isRecorded||Qa(n)}function Qa(t){let{lesson:e}=t,n=[...e.golden??[]],o={difference:0,worst:"",compared:0},s=()=>{let r=n.shift();if(!r||t!==$.session)return;let a=Ts(e,r);o.compared+=a.compared,a.difference>=o.difference&&Object.assign(o,{difference:a.difference,worst:a.worst}),T({check:{...o}}),setTimeout(s,30)};setTimeout(s,0)}function Lt(t=!0){let{steps:e,values:n}=F();$.micro=Math.max(0,Math.min($.micro,e.length-1));let{id:o}=e[$.micro],s=n.get(o),[r,a]=typeof s=="number"?[1,1]:[s.rows,s.cols];$.cursor={name:o,row:Math.min($.cursor?.row??0,r-1),col:Math.min($.cursor?.col??0,a-1)},$.focusCursor=!1,t&&!($.playing&&($.speed>2||$.unit!=="micro"))&&($.live=Xe($.session,e[$.micro])),yt()}function me(t,e,n=!1,o=void 0){let s=$.job={k:o},r=performance.now(),a=()=>{if($.job!==s)return;let i=performance.now()+Rs;do if(t.next().done)return $.job=null,e();while(performance.now()<i);n&&i-r>Ka&&($.k=$.session.latest.t+1,Lt(!1),r=i),setTimeout(a)};a(),yt()}function W(t,e=$.micro,n=void 0){let{session:o,server:s}=$;if(s?.on&&t-1>o.latest.t){s.send({do:"step",steps:t-1-o.latest.t});return}let r=$.k,a=()=>{$.k=o.reach(t,r),o.stopped&&$.k<t&&T({playing:!1,born:o.stopped}),$.micro=$.k===t||o.isRecorded?e:$.micro,Lt(),n?.()};$.job=null,o.isRecorded?a():me(o.going(t),a,t>o.latest.t,t)}function Rt(t){$.micro=t,Lt()}function qt(t){let e=$.micro+t;e<0?$.k>1&&W($.k-1,1/0):e>=F().steps.length?W($.k+1,0):Rt(e)}function Ve(t){let{steps:e}=F(),n=({phase:r,layer:a})=>`${r} ${a}`,o=n(e[$.micro]),s=$.micro;for(;s>=0&&s<e.length&&n(e[s])===o;)s+=t;if(s<0||s>=e.length)return qt(s<0?-($.micro+1):e.length-$.micro);if(t<0)for(;s>0&&n(e[s-1])===n(e[s]);)s-=1;Rt(s)}var Je=()=>$.job?.k??$.k,Yt=t=>W(Je()+t);function Bn(){let t=$.session.updatesPerEpoch(Je());W(Je()+t-(Je()-1)%t)}function he(t=!$.playing){if($.job)return T({job:null,playing:!1}),W($.session.latest.t+1);if(!($.playing===t||!$.session)){if(T({playing:t,born:t?null:$.born}),$.server?.on&&$.unit!=="micro")return $.server.send(t?{do:"train",steps:Ga}:{do:"stop"});t?requestAnimationFrame(qs):Lt()}}var Ls=0;function qs(t){if(!$.playing||(requestAnimationFrame(qs),$.job||t-Ls<Va[$.unit==="micro"?"micro":"other"][$.speed]))return;if(Ls=t,$.unit==="micro")return qt(1);if($.unit==="epoch")return Bn();let e=performance.now()+Rs,n=$.speed<4?1:1/0;for(let o=0;o<n&&performance.now()<e&&$.playing&&!$.job;o++)if($.session.latest.t>=$.k)W($.k+1);else if(!ti())break;Lt(!1)}function ti(){let{session:t}=$;return t.latest.t<$.k&&!t.advance()?(T({playing:!1,born:t.stopped}),!1):($.k=t.latest.t+1,!0)}function Xt(t,e=!1){T({cursor:t,focusCursor:e})}function mt({name:t,row:e,col:n}){let o=F().steps.findIndex(({id:s})=>s===t);o<0||($.micro=o,$.cursor={name:t,row:e,col:n},Lt(),$.screen!=="lab"&&wt("lab"),T({dialog:null}))}function js(){let{k:t,name:e,row:n,col:o}=$.born;$.k=t,T({born:null}),mt({name:e,row:n,col:o})}var rt=()=>globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches??!1,Ws=[0,114,178],Fs=[213,94,0],ei=[86,180,233],ni=[240,140,60];function Ds(t,e){if(!Number.isFinite(t))return"var(--c)";let n=e>0?Math.min(1,Math.abs(t)/e):0,[o,s,r]=t<0?Fs:Ws;return`rgba(${o}, ${s}, ${r}, ${(.34*n).toFixed(3)})`}function ht(t,e=rt()){let[n,o,s]=e?[ei,ni,[38,43,51]]:[Ws,Fs,[246,247,249]],r=t<0?o:n,a=Math.min(1,Math.abs(t));return s.map((i,c)=>Math.round(i+(r[c]-i)*a))}var Jt=[[213,94,0],[0,114,178],[0,158,115],[204,121,167],[230,159,0],[86,180,233],[120,94,40],[90,90,90],[150,60,20],[20,60,140]],zn=new WeakMap;function Gt(t){if(!zn.has(t)){let e=0;for(let n of t.data)Math.abs(n)>e&&Number.isFinite(n)&&(e=Math.abs(n));zn.set(t,e)}return zn.get(t)}function Yn(t,[e,n]=[0,1]){let o=r=>r<t.X.rows?t.X.data.subarray(r*t.X.cols,(r+1)*t.X.cols):t.Y.data.subarray(0,t.X.cols),s=r=>{let[a,i]=[1/0,-1/0];for(let u of r)[a,i]=[Math.min(a,u),Math.max(i,u)];let c=(i-a||1)*.1;return[a-c,i+c]};return{x:s(o(e)),y:s(o(n)),xs:o(e),ys:o(n)}}function Vt({Y:t},e){if(t.rows===1)return t.data[e]>.5?1:0;let n=0;for(let o=1;o<t.rows;o++)t.data[o*t.cols+e]>t.data[n*t.cols+e]&&(n=o);return n}var Hs=[(t,e,n,o)=>t.arc(e,n,o,0,2*Math.PI),(t,e,n,o)=>t.rect(e-o*.9,n-o*.9,1.8*o,1.8*o),(t,e,n,o)=>(t.moveTo(e,n-1.2*o),t.lineTo(e+1.1*o,n+o),t.lineTo(e-1.1*o,n+o),t.closePath()),(t,e,n,o)=>(t.moveTo(e,n-1.3*o),t.lineTo(e+1.3*o,n),t.lineTo(e,n+1.3*o),t.lineTo(e-1.3*o,n),t.closePath())];function Xn(t,e,n,o,s){let r=rt(),a=e.kind==="numbers",i=1;if(a)for(let u of e.Y.data)i=Math.max(i,Math.abs(u));let c=Math.ceil(e.X.cols/1500);for(let u=0;u<e.X.cols;u+=c){let l=(n.xs[u]-n.x[0])/(n.x[1]-n.x[0])*o,d=o-(n.ys[u]-n.y[0])/(n.y[1]-n.y[0])*o,h=a?0:Vt(e,u),[p,g,y]=a?ht(e.Y.data[u]/i,r):Jt[h%Jt.length];t.beginPath(),Hs[h%Hs.length](t,l,d,s),t.fillStyle=`rgb(${p},${g},${y})`,t.fill(),t.lineWidth=Math.max(.8,s/3),t.strokeStyle=r?"rgba(255,255,255,.75)":"rgba(255,255,255,.9)",t.stroke()}}function Us({data:t,size:e}){let n=B(null);return X(()=>{let o=n.current.getContext("2d");o.clearRect(0,0,2*e,2*e),Xn(o,t,Yn(t),2*e,4.5)},[t,rt()]),m`<canvas class="scatter" ref=${n} width=${2*e} height=${2*e} aria-hidden="true"></canvas>`}var oi=new Set(["relu","leaky_relu","elu","gelu","gelu_tanh","silu","mish","softplus"]);function Zs({layer_dims:t,activations:e},n){let o={};for(let s=1;s<t.length;s++){let r=Pt(n,1,s),a=Math.sqrt((oi.has(e[s-1])?2:1)/t[s-1]);o[`W${s}`]=Q(I(t[s],t[s-1]),()=>a*tt(r)),o[`b${s}`]=I(t[s],1)}return o}var Vn="deepstep-lesson",si=t=>t&&typeof t=="object"&&typeof t.f8=="string";function ri({shape:t,f8:e}){let n=Uint8Array.from(atob(e),i=>i.charCodeAt(0)),o=new DataView(n.buffer);if(8*t.reduce((i,c)=>i*c,1)!==n.length)throw new Error("array");let s=new Float64Array(n.length/8);for(let i=0;i<s.length;i++)s[i]=o.getFloat64(8*i,!0);let[r,a]=t.length===2?t:t.length===1?[1,t[0]]:[1,1];return{rows:r,cols:a,data:s}}function Kn({rows:t,cols:e,data:n}){let o=new Uint8Array(8*n.length),s=new DataView(o.buffer);n.forEach((a,i)=>s.setFloat64(8*i,a,!0));let r="";for(let a=0;a<o.length;a+=8192)r+=String.fromCharCode(...o.subarray(a,a+8192));return{shape:[t,e],f8:btoa(r)}}var Bs={nan:NaN,inf:1/0,"-inf":-1/0},ai=new Set(["title","sources","formulas","code","origin","names","classes","name","kind","place","toy","log"]);function Jn(t){if(si(t))return ri(t);if(Array.isArray(t))return t.map(Jn);if(t&&typeof t=="object"){let e=Object.entries(t);return Object.fromEntries(e.map(([n,o])=>[n,ai.has(n)?o:Jn(o)]))}return typeof t=="string"&&t in Bs?Bs[t]:t}function $e(t){if(t?.format!==Vn)throw new Error("notALesson");if(t.version!==1)throw Object.assign(new Error("newerLesson"),{parts:{version:t.version}});return Jn(t)}function Gn(t){return t?.data instanceof Float64Array?Kn(t):typeof t=="number"&&!Number.isFinite(t)?Number.isNaN(t)?"nan":t>0?"inf":"-inf":Array.isArray(t)?t.map(Gn):t&&typeof t=="object"?Object.fromEntries(Object.entries(t).filter(([,e])=>e!==void 0).map(([e,n])=>[e,Gn(n)])):t}var ge=t=>JSON.stringify(Gn(t)).replaceAll("<","\\u003c");var Kt={sources:{},formulas:{}};function zs({sources:t,formulas:e}){Object.assign(Kt,{sources:t,formulas:e})}var ii={binary:"sigmoid",classes:"softmax",numbers:"identity"},Qn={optimizer:"gd",hyperparameters:{},learning_rate:.3,l2:0,weight_decay:0,batch_size:null,dropout:0,seed:1},be={gd:.3,momentum:.3,nesterov:.1,rmsprop:.01,adam:.03,adamw:.03,lion:.01};function _e(t,{hidden:e=[8,8],activations:n=["tanh","tanh"],training:o={}}={}){let s=ii[t.kind],r={layer_dims:[t.X.rows,...e,t.Y.rows],activations:[...n,it[s].activation],output:s},a={...Qn,...o};return a.hyperparameters={...j[a.optimizer].defaults,...a.hyperparameters},{format:Vn,version:1,title:t.name,network:r,training:a,parameters:Zs(r,a.seed),data:t,batches:[],masks:null,golden:[],recorded:[],...Kt,code:"",origin:"page",wide:!1}}var to=200;function Qt(t,e){let n=K([t.map(([o])=>o),t.map(([,o])=>o)]);return e.length===2?{X:n,Y:K([t.map(([,,o])=>o)]),names:["x1","x2"],classes:e,kind:"binary"}:{X:n,Y:K(e.map((o,s)=>t.map(([,,r])=>+(r===s)))),names:["x1","x2"],classes:e,kind:"classes"}}var vt=t=>Array.from({length:to},(e,n)=>t(n)),ye=["orange","blue"],Ys={circles:t=>Qt(vt(e=>{let[n,o]=[(e%2?1:.45)+.09*tt(t),2*Math.PI*t()];return[n*Math.cos(o),n*Math.sin(o),e%2]}),ye),xor:t=>Qt(vt(()=>{let e=()=>(t()<.5?-1:1)*(.12+.9*t()),[n,o]=[e(),e()];return[n,o,n*o>0?1:0]}),ye),gaussians:t=>Qt(vt(e=>[(e%2?.55:-.55)+.3*tt(t),(e%2?.5:-.5)+.3*tt(t),e%2]),ye),moons:t=>Qt(vt(e=>{let n=Math.PI*t(),[o,s]=e%2?[1-Math.cos(n),.45-Math.sin(n)]:[Math.cos(n),Math.sin(n)];return[(o-.5)/1.3+.07*tt(t),(s-.22)/1+.07*tt(t),e%2]}),ye),spirals:t=>Qt(vt(e=>{let n=Math.floor(e/2)/(to/2),o=1.75*2*Math.PI*n+e%2*Math.PI,s=.08+n;return[s*Math.sin(o)+.025*tt(t),s*Math.cos(o)+.025*tt(t),e%2]}),ye),arms:t=>Qt(vt(e=>{let n=Math.sqrt(t()),o=2*Math.PI/3*(e%3)+3.2*n+.14*tt(t);return[n*Math.cos(o),n*Math.sin(o),e%3]}),["orange","blue","green"]),plane:t=>{let e=vt(()=>[2*t()-1,2*t()-1]),n=K([e.map(([o,s])=>(o+s)/2+.03*tt(t))]);return{X:K([e.map(([o])=>o),e.map(([,o])=>o)]),Y:n,names:["x1","x2"],classes:null,kind:"numbers"}},wave:t=>{let e=vt(n=>-1+2*n/(to-1));return{X:K([e]),Y:K([e.map(n=>Math.sin(4*n)/1.5+.06*tt(t))]),names:["x"],classes:null,kind:"numbers"}}},kt=Object.keys(Ys),we=(t,e=1)=>({...Ys[t](Pt(e,4,kt.indexOf(t))),name:t});var ci=t=>t?.data?`${t.rows} × ${t.cols}`:String(JSON.stringify(t)).slice(0,30);function E(t,e,n,o){if(!t)throw Object.assign(new Error("damaged"),{parts:{where:e,expected:n,came:ci(o)}})}var z=Array.isArray,gt=(t,e=1)=>Number.isSafeInteger(t)&&t>=e,Xs=t=>Number.isFinite(t)&&t>=0;function $t(t,e,n,o){E(t?.data&&t.rows===e&&t.cols===n,o,`${e} × ${n} numbers`,t);let s=t.data.findIndex(r=>!Number.isFinite(r));E(s<0,`${o}[${Math.floor(s/n)}, ${s%n}]`,"a finite number",String(t.data[s]))}function Ke(t,{layer_dims:e,input_scale:n,parametric:o},s){n&&$t(t?.s1,e[0],1,`${s}.s1`);for(let r=1;r<e.length;r++)$t(t?.[`W${r}`],e[r],e[r-1],`${s}.W${r}`),$t(t[`b${r}`],e[r],1,`${s}.b${r}`),o?.[r-1]&&$t(t[`alpha${r}`],e[r],1,`${s}.alpha${r}`)}function eo(t,e,n="training"){let{learning_rate:o,l2:s=0,weight_decay:r=0,batch_size:a=null,dropout:i=0,seed:c=0}=t??{},u={...t?.rate_factors,...t?.decay_factors};for(let[h,p]of Object.entries({...u,learning_rate:o,l2:s,weight_decay:r}))E(Xs(p),`${n}.${h}`,"a number from 0",p);E(a===null||gt(a),`${n}.batch_size`,"a whole number or null",a);let l=[i].flat(),d=!z(i)||l.length===e;E(d&&l.every(h=>Xs(h)&&h<1),`${n}.dropout`,"shares below 1",i),E(Number.isSafeInteger(c),`${n}.seed`,"a whole number",c)}function no(t,{network:e,training:n,parameters:o,data:s}){let r=0;E(z(t),"log","a list",t),t.forEach(({t:a,edit:i,add:c,set:u},l)=>{let d=`log[${l}]`;if(E(gt(a,r),`${d}.t`,`a whole number from ${r}`,a),r=a,i){let[h,p,g,y]=z(i)?i:[],b=o[h],_=b&&gt(p,0)&&gt(g,0)&&p<b.rows&&g<b.cols;E(_&&Number.isFinite(y),d,"a parameter’s place and a number",i)}else if(c){let h=[s.X.rows,s.Y.rows].every((p,g)=>c[g]?.length===p&&c[g].every(Number.isFinite));E(h,d,`${s.X.rows} inputs and ${s.Y.rows} targets`,c)}else eo({...n,...u},e.layer_dims.length-2,d),E(u&&(!u.optimizer||j[u.optimizer]),d,"settings",u)})}function oo(t){E(kt.includes(t?.data),"n.data",kt.join(", "),t?.data);let{hidden:e=[],activations:n=[],training:o}=t;E(z(e)&&e.length<9&&e.every(a=>gt(a)&&a<65),"n.hidden","layers",e);let s=z(n)&&n.every(a=>st[a]?.one);E(s&&n.length===e.length,"n.activations","one for each layer",n);let r={...Qn,...o};return eo(r,e.length,"n.training"),E(j[r.optimizer],"n.training.optimizer",Object.keys(j).join(", "),r.optimizer),t}function so(t){let{title:e,notes:n=[],network:o,training:s,parameters:r,data:a,batches:i,masks:c,golden:u,recorded:l,history:d,resume:h}=t;E(typeof e=="string","title","a text",e),E(z(n),"notes","a list",n);let p=o?.layer_dims;E(z(p)&&p.length>1&&p.every(_=>gt(_)),"network.layer_dims","sizes",p);let g=z(o.activations)&&o.activations.length===p.length-1;E(g,"network.activations",`${p.length-1} names`,o.activations),eo(s,p.length-2),Ke(r,o,"parameters");let y=a?.X?.cols;$t(a?.X,p[0],y,"data.X"),$t(a.Y,p.at(-1),y,"data.Y"),E(y>0,"data.X","examples",a.X);for(let _ of["names","classes"])E(z(a[_]??[]),`data.${_}`,"a list or null",a[_]);E(["binary","classes","numbers"].includes(a.kind),"data.kind","binary, classes or numbers",a.kind);let b=_=>z(_)&&_.length>0&&_.every(w=>gt(w,0)&&w<y);E(z(i??[])&&(i??[]).every(b),"batches",`lists of numbers below ${y}`,i),(c??[]).forEach((_,w)=>{for(let[S,k]of Object.entries(_))$t(k,p[S.slice(1)],i[w]?.length,`masks[${w}].${S}`)});for(let[_,w]of Object.entries({golden:u??[],recorded:l??[]}))E(z(w),_,"a list",w),w.forEach((S,k)=>{E(gt(S?.step,0),`${_}[${k}].step`,"a whole number",S?.step),Ke(S.parameters,o,`${_}[${k}].parameters`)});if((u??[]).forEach(({quantities:_,after:w},S)=>{let k=`golden[${S}]`;Ke(w,o,`${k}.after`);for(let v=0;v<p.length;v++)$t(_?.[`A${v}`],p[v],_?.A0?.cols,`${k}.quantities.A${v}`);$t(_.Y,p.at(-1),_.A0.cols,`${k}.quantities.Y`)}),zt(t).length&&(E(u?.length,"golden","recorded steps",u),E(z(t.entries)&&t.entries.every(_=>_?.formula?.split),"entries","formulas",t.entries)),d){E(z(d.at)&&typeof(d.text??"")=="string","history","epochs and a text",d.at);for(let _ of Object.values(d).filter(z))E(_.length===d.at.length,"history",`${d.at.length} numbers in each curve`,_.length)}if(t.toy&&oo(t.toy),h){let{states:_,costs:w,log:S,trainings:k}=h;E(z(_)&&_.length&&w?.data&&z(k),"resume","states",_);for(let{t:v,parameters:O}of _)E(gt(v,0),"resume.states.t","a whole number",v),Ke(O,o,"resume.states");no(S,t)}return t}var li=2e6,Js=10;function ui(t,e){let n=[],o=new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${e}]*))(?:${e}|$)`,"y");for(;o.lastIndex<=t.length;){let[s,r,a]=o.exec(t)??[];if(s===void 0||(n.push(r?.replaceAll('""','"')??a.trim()),!s.endsWith(e)||o.lastIndex>t.length))break}return n}var ve=t=>t!==""&&Number.isFinite(Number(t));function Qe(t,e="table"){let n=t.split(/\r?\n/).filter(l=>l.trim());if(n.length<2)throw new Error("csv.short");let o=["	",";",","].find(l=>n[0].includes(l))??",",s=n.map(l=>ui(l,o)),r=s[0].length;if(r<2)throw new Error("csv.narrow");if(s.length*r>li)throw new Error("csv.large");let i=s[0].slice(0,-1).some(l=>!ve(l))?s.shift():Array.from({length:r},(l,d)=>`x${d+1}`),c=s.filter(l=>l.length===r&&l.slice(0,-1).every(ve)&&l[r-1]!=="");if(c.length<2)throw new Error("csv.numbers");return{X:K(Array.from({length:r-1},(l,d)=>Gs(c.map(h=>Number(h[d]))))),...pi(c.map(l=>l[r-1])),names:i.slice(0,-1),name:e,left_out:s.length-c.length}}function Gs(t){let e=t.reduce((o,s)=>o+s,0)/t.length,n=Math.sqrt(t.reduce((o,s)=>o+(s-e)**2,0)/t.length)||1;return t.map(o=>(o-e)/n)}function pi(t){let e=[...new Set(t)].sort((o,s)=>ve(o)&&ve(s)?o-s:o<s?-1:1),n=t.every(o=>Number.isInteger(Number(o)));if(e.length===2)return{Y:K([t.map(o=>e.indexOf(o))]),classes:e,kind:"binary"};if(t.every(ve)&&!(n&&e.length<=Js))return{Y:K([Gs(t.map(Number))]),classes:null,kind:"numbers"};if(e.length>Js||e.length<2)throw new Error("csv.target");return{Y:K(e.map(o=>t.map(s=>+(s===o)))),classes:e,kind:"classes"}}function xt(t,e="play"){let n=_e(we(t.data),Ks(t,we(t.data)));It({...n,title:f(`toy.${t.data}`),toy:t},e)}function ro(t,e={},n="play"){It(_e(t,Ks(e,t)),n)}var di=2e4;function Ks({hidden:t,activations:e,training:n},o){let s=o.X.rows>64?[16,8]:[8,8],r=o.kind==="numbers"?.03:be[n?.optimizer??"gd"];return{hidden:t??s,activations:e??(t??s).map(()=>"tanh"),training:{learning_rate:r,batch_size:o.X.data.length>di?64:null,...n}}}function Vs(t){It(so($e(t)),"lab")}function tn(t){let e=so($e(t));zs(e),$.carried=e,It(e,"lab")}var fi=/<script type="application\/json" id="deepstep-lesson">([\s\S]*?)<\/script>/;function en({message:t,parts:e},n=f("error.again")){let o=`error.${t}`;return Is(o)?f(o,{...e,mend:n}):f("error.file",{why:t,mend:n})}async function ao(t,e){try{let n=fi.exec(e);if(n)return Vs(JSON.parse(n[1]));if(/^\s*\{/.test(e))return Vs(JSON.parse(e));ro(Qe(e,t.replace(/\.\w+$/,"")))}catch(n){T({error:en(n)})}}function Qs(){document.addEventListener("dragover",t=>t.preventDefault()),document.addEventListener("drop",async t=>{t.preventDefault();let[e]=t.dataTransfer?.files??[];e&&await ao(e.name,await e.text())})}var mi=kt.map(t=>we(t)),io=({kind:t,classes:e})=>f(`kind.${t}`,{n:e?.length});function hi({data:t}){return m`<li>
<button class="tile" data-toy=${t.name} onClick=${()=>xt({data:t.name})}>
<${Us} data=${t} size=${132} />
<span class="tile-name">${f(`toy.${t.name}`)}</span>
<span class="tile-kind">${io(t)}</span>
</button>
</li>`}function $i(){let t=B(null),[e,n]=U(""),o=()=>{try{ro(Qe(t.current.value))}catch(s){n(f(`error.${s.message}`))}};return m`<section class="card" aria-labelledby="csv-title">
<h3 id="csv-title"><label for="csv">${f("d")}</label></h3>
<p class="quiet" id="csv-hint">${f("e")}</p>
<textarea
id="csv"
ref=${t}
rows="5"
spellcheck="false"
aria-describedby="csv-hint csv-error"
placeholder=${f("f")}
></textarea>
<p class="error" id="csv-error" role="alert">${e}</p>
<button class="button" onClick=${o}>${f("g")}</button>
</section>`}function gi(){let t=async e=>{let[n]=e.target.files;n&&await ao(n.name,await n.text()),e.target.value=""};return m`<section class="card" aria-labelledby="file-title">
<h3 id="file-title"><label for="file">${f("h")}</label></h3>
<p class="quiet" id="file-hint">${f("i")}</p>
<input type="file" id="file" accept=".html,.json,.csv,.txt,.tsv" aria-describedby="file-hint" onChange=${t} />
</section>`}function co(){let{session:t}=A();return m`<div class="home">
<div class="hero">
<h1>${f("9")}</h1>
<p class="lead">${f("a")}</p>
<p class="quiet">${f("1")}</p>
${t?m`<p><button
class="button"
onClick=${()=>wt(t.isRecorded?"lab":"play")}
>${f("j",{title:t.lesson.title})}</button></p>`:null}
</div>
<h2>${f("b")}</h2>
<ul class="tiles">${mi.map(e=>m`<${hi} data=${e} key=${e.name} />`)}</ul>
<h2>${f("c")}</h2>
<div class="home-open"><${$i} /><${gi} /></div>
</div>`}function tr(t,e,n,o){Number.isFinite(o)&&(fe(),$.session.edit($.k-1,t,e,n,o),T({born:null,check:null}),W($.k))}function te(t){Object.keys(t).some(e=>e!=="learning_rate")&&fe(),$.server?.on&&$.server.send({do:"set",learning_rate:t.learning_rate}),$.session.retrain($.k-1,t),T({born:null}),W($.k)}function er(){let{session:t,k:e}=$,n=t.log.slice(0,-1),o=new pt({...t.lesson,resume:void 0});t.base&&o.startFrom(t),me(o.replaying(n.filter(({t:s})=>s>=(t.base?.t??0))),()=>{T({session:o,born:null}),W(Math.min(e,t.latest.t+1))})}function bi(){let{session:t}=$,{layer_dims:e,activations:n}=t.network;return{hidden:e.slice(1,-1),activations:n.slice(0,-1),training:{...t.trainingAt($.k),rate_factors:void 0,decay_factors:void 0,hyperparameters:{...t.trainingAt($.k).hyperparameters}}}}function jt(t={},e=void 0){let{lesson:n}=$.session,o={...bi(),...t};if(e!==void 0&&(o.training.seed=e),n.toy&&$.session.datas.length<2)return xt({data:n.toy.data,...o},$.screen);It({..._e($.session.dataAt($.k),o),title:n.title},$.screen)}function nn(t,e){fe(),$.session.add($.k-1,t,e),T({born:null,check:null}),W($.k)}var lo=(t,e)=>t.kind==="classes"?Array.from({length:t.Y.rows},(n,o)=>+(o===e)):[Number(e)];function _i({data:t}){let{paint:e}=A(),[n,o]=U(()=>Array(t.X.rows).fill(0)),[s,r]=U(0),a=t.names??[],i=()=>Array.from({length:Math.max(2,t.Y.rows)},(l,d)=>String(d)),c=t.kind==="numbers"?null:t.classes??i(),u=l=>{l.preventDefault(),nn(n,lo(t,s))};return m`<details class="paint" open=${e!==null}>
<summary>${f("2e")}</summary>
<form onSubmit=${u}>
<p class="quiet">${f("2f")}</p>
<div class="fields">
${n.map((l,d)=>m`<label class="field is-number" key=${d}><span>${a[d]??`x${d+1}`}</span><input
type="number"
step="any"
required
value=${l}
onChange=${h=>o(n.map((p,g)=>g===d?h.target.valueAsNumber||0:p))}
/></label>`)}
${c?m`<label class="field"><span>${f("2h")}</span><select
value=${s}
onChange=${l=>(r(Number(l.target.value)),T({paint:Number(l.target.value)}))}
>${c.map((l,d)=>m`<option value=${d}>${l}</option>`)}</select></label>`:m`<label class="field is-number"><span>Y</span><input
type="number"
step="any"
value=${s}
onChange=${l=>r(l.target.valueAsNumber||0)}
/></label>`}
</div>
<div class="row">
<button type="submit" class="button is-quiet">${f("2g")}</button>
${c&&t.X.rows===2?m`<label class="choice"><input
type="checkbox"
checked=${e!==null}
onChange=${l=>T({paint:l.target.checked?s:null})}
/> ${f("2e")}</label>`:null}
</div>
</form>
</details>`}function nr(){let{session:t,k:e}=A(),{lesson:n}=t,o=t.dataAt(e),s=n.toy?.data??"",r=a=>a.target.value&&xt({data:a.target.value});return m`<section class="card" aria-labelledby="data-title">
<h2 id="data-title">${f("29")}</h2>
<label class="field"><span>${f("2c")}</span>
<select value=${s} onChange=${r}>
${s?null:m`<option value="">${o.name??n.title}</option>`}
${kt.map(a=>m`<option value=${a}>${f(`toy.${a}`)}</option>`)}
</select>
</label>
<p class="quiet">${f("2d",{n:o.X.cols,x:o.X.rows})} · ${io(o)}</p>
${o.X.rows<=4&&(o.Y.rows===1||o.kind==="classes")?m`<${_i} data=${o} key=${`${o.X.rows}${o.kind}`} />`:null}
</section>`}var yi=[1e-4,3e-4,.001,.003,.01,.03,.1,.3,1,3,10],wi=[0,.001,.01,.1,.3,1,3,10],vi=[null,1,8,16,32,64,128],ki=[0,.1,.2,.3,.5];function ke({label:t,value:e,choices:n,show:o=String,onPick:s,name:r}){let a=n.includes(e)?n:[...n,e].sort((i,c)=>i-c);return m`<label class="field"><span>${t}</span>
<select data-setting=${r} value=${String(e)} onChange=${i=>s(a[i.target.selectedIndex])}>
${a.map(i=>m`<option value=${String(i)}>${o(i)}</option>`)}
</select>
</label>`}function or(){let{session:t,k:e}=A(),n=t.trainingAt(e),o=s=>te({optimizer:s,hyperparameters:{...j[s].defaults},weight_decay:j[s].weight_decay??0,learning_rate:t.lesson.data.kind==="numbers"?be[s]/10:be[s]});return m`<section class="card" aria-labelledby="training-title">
<h2 id="training-title">${f("2b")}</h2>
<div class="fields">
<${ke}
name="optimizer"
label=${f("2r")}
value=${n.optimizer}
choices=${Object.keys(j)}
onPick=${o}
/>
<${ke}
name="learning_rate"
label=${f("2s")}
value=${n.learning_rate}
choices=${yi}
onPick=${s=>te({learning_rate:s})}
/>
<${ke}
name="l2"
label=${f("2t")}
value=${n.l2}
choices=${wi}
onPick=${s=>te({l2:s})}
/>
<${ke}
name="batch_size"
label=${f("2u")}
value=${n.batch_size}
choices=${vi}
show=${s=>s===null?f("2v"):String(s)}
onPick=${s=>te({batch_size:s})}
/>
<${ke}
name="dropout"
label=${f("2w")}
value=${n.dropout}
choices=${ki}
onPick=${s=>te({dropout:s})}
/>
</div>
<div class="row">
<button
class="button is-quiet"
data-action="restart"
onClick=${()=>jt({},(n.seed??0)+1)}
>
${f("2x")}
</button>
${t.log.length?m`<button class="button is-quiet" data-action="undo" onClick=${er}>${f("2y")}</button>`:null}
</div>
</section>`}var Y=44,xi=6e4,uo=new WeakMap;function Mi({X:t}){if(!uo.has(t)){let e=new Float64Array(t.rows);for(let n=0;n<t.rows;n++)for(let o=0;o<t.cols;o++)e[n]+=t.data[n*t.cols+o]/t.cols;uo.set(t,e)}return uo.get(t)}var po=new WeakMap;function Si(t){if(!po.has(t)){let e=Yn(t),n=t.X.rows,o=I(n,n===1?Y:Y*Y),s=Mi(t);for(let r=0;r<o.cols;r++){let[a,i]=[r%Y/(Y-1),1-Math.floor(r/Y)/(Y-1)];for(let c=0;c<n;c++){let u=c===0?e.x[0]+a*(e.x[1]-e.x[0]):c===1?e.y[0]+i*(e.y[1]-e.y[0]):s[c];o.data[c*o.cols+r]=u}}po.set(t,{frame:e,grid:o})}return po.get(t)}function sr(t,e,n){if(t.size>xi)return{frame:null,values:null,high:0};let{frame:o,grid:s}=Si(e),r=Nt({network:t.network,training:{},parameters:n,X:s,Y:null});return{frame:o,values:r,high:e.X.rows===1?1:Y}}function M(t,e=4){if(Number.isNaN(t))return"NaN";if(!Number.isFinite(t))return t>0?"∞":"−∞";if(t===0)return"0";let n=Math.abs(t),o=n>=1e5||n<.001?n.toExponential(e-2).replace(/\.?0+e/,"e").replace("e+","e"):Number(n.toPrecision(e)).toString();return(t<0?"−":"")+o.replace("e-","e−")}function rr(t,e){let n=t>0?Math.floor(Math.log10(t)+1e-9):0,o=n<-1||n>3?n:0;return{power:o,places:Math.max(0,e-Math.max(0,n-o))}}function ar(t,{power:e,places:n}){if(t===0||!Number.isFinite(t))return M(t);let o=Math.abs(e<0?t*10**-e:t/10**e),s=Number.isInteger(o)?String(o):o.toFixed(n);return(t<0?"−":"")+s}var Ti={"-":"⁻",0:"⁰",1:"¹",2:"²",3:"³",4:"⁴",5:"⁵",6:"⁶",7:"⁷",8:"⁸",9:"⁹"},ir=t=>t?`× 10${[...String(t)].map(e=>Ti[e]).join("")}`:"",Wt=t=>Object.is(t,-0)?"-0":Number.isFinite(t)?String(t):Number.isNaN(t)?"nan":t>0?"inf":"-inf",on=t=>t<1e3?`${t} B`:t<1e6?`${Math.round(t/1e3)} kB`:`${(t/1e6).toFixed(1)} MB`;var Ft=8,[xe,fo,sn]=[38,10,88],Ai=Object.keys(st).filter(t=>t!=="softmax");function cr({A:t,row:e,high:n}){let o=B(null);return X(()=>{if(!t)return;let s=o.current.getContext("2d"),r=s.createImageData(Y,n),a=rt(),i=1;for(let c=0;c<t.cols;c++)i=Math.max(i,Math.abs(t.data[e*t.cols+c]));for(let c=0;c<t.cols;c++)r.data.set([...ht(t.data[e*t.cols+c]/i,a),255],4*c);s.putImageData(r,0,0)}),m`<canvas ref=${o} width=${Y} height=${Math.max(1,n)} aria-hidden="true"></canvas>`}function Oi({l:t,dims:e,activations:n,output:o}){if(t===0)return m`<div class="layer-head"><b>${f("2n")}</b></div>`;let s=t===e.length-1,r=e.slice(1,-1),a=c=>jt({hidden:r.map((u,l)=>l===t-1?u+c:u)}),i=c=>jt({activations:n.slice(0,-1).map((u,l)=>l===t-1?c:u)});return m`<div class="layer-head">
<b>${s?f("2p"):f("2o",{l:t})}</b>
${s?m`<span class="quiet">${o}</span>`:m`<span class="stepper">
<button
aria-label=${f("2m",{l:t})}
disabled=${e[t]<=1}
onClick=${()=>a(-1)}
>−</button>
<span>${e[t]}</span>
<button
aria-label=${f("2l",{l:t})}
disabled=${e[t]>=16}
onClick=${()=>a(1)}
>+</button>
</span>
<select
aria-label=${f("2q",{l:t})}
value=${n[t-1]}
onChange=${c=>i(c.target.value)}
>
${Ai.map(c=>m`<option value=${c}>${c}</option>`)}
</select>`}
</div>`}function lr({parameters:t,surface:e}){let{session:n,unitOpen:o,firstUnit:s}=A(),{layer_dims:r,activations:a,output:i}=n.network,{names:c}=n.lesson.data,u=k=>Math.min(k,Ft),l=k=>Math.min(s[k]??0,r[k]-u(r[k])),h=Math.max(...r.map(u))*(xe+fo),p=(k,v)=>(h-u(r[k])*(xe+fo))/2+(v-l(k))*(xe+fo)+xe/2,g=k=>100*(k+.5)/r.length,y=(k,v)=>Array.from({length:u(r[k])},(O,D)=>v(l(k)+D)),b=(k,v)=>()=>T({firstUnit:{...s,[k]:Math.max(0,l(k)+v)}}),_=r.slice(1).flatMap((k,v)=>{let O=t[`W${v+1}`],D=Gt(O)||1;return y(v,q=>y(v+1,et=>{let V=N(O,et,q);return m`<line
key=${`${v}.${q}.${et}`}
class=${V<0?"is-negative":"is-positive"}
x1=${`${g(v)}%`} y1=${p(v,q)} x2=${`${g(v+1)}%`} y2=${p(v+1,et)}
stroke-width=${(.5+3.5*Math.abs(V)/D).toFixed(2)}
stroke-opacity=${(.25+.65*Math.abs(V)/D).toFixed(2)}
/>`}))}),w=r.slice(1,-1),S=a.slice(0,-1);return m`<div class="depth">
<span id="depth-label">${f("2i")}</span>
<span class="stepper" role="group" aria-labelledby="depth-label">
<button
aria-label=${f("2k")}
disabled=${w.length<=1}
onClick=${()=>jt({hidden:w.slice(0,-1),activations:S.slice(0,-1)})}
>−</button>
<span>${w.length}</span>
<button
aria-label=${f("2j")}
disabled=${w.length>=5}
onClick=${()=>jt({hidden:[...w,4],activations:[...S,S.at(-1)??"tanh"]})}
>+</button>
</span>
</div>
<div class="network-scroll" tabindex="0" role="group" aria-label=${f("2a")}>
<div
class="network"
style=${{height:`${sn+h+(Math.max(...r)>Ft?50:8)}px`,minWidth:`${r.length*80}px`}}
>
<svg class="links" aria-hidden="true" style=${{top:`${sn}px`,height:`${h}px`}}>${_}</svg>
${r.map((k,v)=>m`<div class="layer" key=${v} style=${{left:`${100*v/r.length}%`,width:`${100/r.length}%`}}>
<${Oi} l=${v} dims=${r} activations=${a} output=${i} />
${y(v,O=>{let D=o?.[0]===v&&o?.[1]===O,q={top:`${sn+p(v,O)-xe/2}px`};if(v===0)return m`<span class="unit is-input" key=${O} style=${q} title=${c?.[O]}><${cr}
A=${e.values?.get("A0")}
row=${O}
high=${e.high}
/><span class="unit-name">${c?.[O]??`x${O+1}`}</span></span>`;let et=M(N(t[`b${v}`],O,0),2);return m`<button
key=${O}
class=${`unit${D?" is-open":""}`}
style=${q}
aria-pressed=${D?"true":"false"}
aria-label=${f("30",{j:O,l:v,b:et})}
onClick=${()=>T({unitOpen:[v,O]})}
>
<${cr} A=${e.values?.get(`A${v}`)} row=${O} high=${e.high} />
<span class="unit-bias" aria-hidden="true">${et}</span>
</button>`})}
${k>Ft?m`<div class="unit-more" style=${{top:`${sn+h-4}px`}}>
<span class="stepper">
<button
aria-label=${f("34",{l:v})}
disabled=${l(v)===0}
onClick=${b(v,-Ft)}
>‹</button>
<button
aria-label=${f("35",{l:v})}
disabled=${l(v)===k-Ft}
onClick=${b(v,Ft)}
>›</button>
</span>
<br />${f("33",{from:l(v),to:l(v)+Ft-1,n:k})}
</div>`:null}
</div>`)}
</div>
</div>
<p class="quiet note">${f("3h")}</p>`}var mo=16;function ur({label:t,name:e,row:n,col:o,value:s}){return m`<label class="field is-number">
<span>${t}</span>
<input
type="number"
step="0.1"
value=${Number(s.toPrecision(6))}
data-tensor=${e}
data-row=${n}
data-col=${o}
data-value=${String(s)}
onChange=${r=>tr(e,n,o,r.target.valueAsNumber)}
/>
</label>`}function pr({parameters:t}){let{session:e,unitOpen:n}=A(),{layer_dims:o}=e.network,[s,r]=n??[o.length-1,0];if(!(s<o.length&&r<o[s]))return null;let a=t[`W${s}`],{names:i}=e.lesson.data,c=u=>s===1?i?.[u]??`x${u+1}`:`A${s-1}[${u}]`;return m`<section class="unit-panel" aria-labelledby="unit-title">
<div class="unit-panel-head">
<h3 id="unit-title">${f("2z",{j:r,l:s})}</h3>
<button
class="button is-quiet is-small"
onClick=${()=>mt({name:`Z${s}`,row:r,col:0})}
>${f("37",{l:s})}</button>
</div>
<div class="fields">
<${ur} label=${f("31")} name=${`b${s}`} row=${r} col=${0} value=${N(t[`b${s}`],r,0)} />
${Array.from({length:Math.min(a.cols,mo)},(u,l)=>m`<${ur}
key=${l}
label=${f("32",{from:c(l)})}
name=${`W${s}`}
row=${r}
col=${l}
value=${N(a,r,l)}
/>`)}
</div>
${a.cols>mo?m`<p class="quiet">${f("36",{n:a.cols-mo,l:s})}</p>`:null}
</section>`}var ct=320;function Ci(t,e,n,o){if(n==="numbers")return ht(t.data[e],o);if(n==="binary")return ht((2*t.data[e]-1)*(o?.6:.75),o);let s=0;for(let i=1;i<t.rows;i++)t.data[i*t.cols+e]>t.data[s*t.cols+e]&&(s=i);let r=(o?.5:.65)*t.data[s*t.cols+e],a=o?[20,24,30]:[255,255,255];return Jt[s%Jt.length].map((i,c)=>Math.round(a[c]+(i-a[c])*r))}function Ei(t,e,n){let o=rt(),s=document.createElement("canvas");s.width=s.height=Y;let r=s.getContext("2d"),a=r.createImageData(Y,Y);for(let i=0;i<Y*Y;i++)a.data.set([...Ci(e,i,n,o),255],4*i);r.putImageData(a,0,0),t.imageSmoothingEnabled=!0,t.drawImage(s,0,0,2*ct,2*ct)}function Ni(t,e,n){t.clearRect(0,0,2*ct,2*ct),t.beginPath();for(let o=0;o<e.cols;o++){let s=2*ct*(1-(e.data[o]-n.y[0])/(n.y[1]-n.y[0]));t[o?"lineTo":"moveTo"](2*ct*o/(e.cols-1),s)}t.lineWidth=6,t.strokeStyle=rt()?"#f0a860":"#b34700",t.stroke()}var Pi=4e3;function Ii({network:t},e,n){let o=Li(e),s=ks(t,n,o.X);if(o.kind==="numbers"){let a=0;for(let i=0;i<s.data.length;i++)a+=(s.data[i]-o.Y.data[i])**2;return f("3g",{value:M(a/s.cols)})}let r=0;for(let a=0;a<s.cols;a++)r+=Vt({Y:s},a)===Vt(o,a)?1:0;return f("3f",{n:r,m:s.cols})}var ho=new WeakMap;function Li(t){let e=Math.ceil(t.X.cols/Pi);if(e<2)return t;let n=Array.from({length:Math.ceil(t.X.cols/e)},(o,s)=>s*e);return ho.has(t)||ho.set(t,{...t,X:Ut(t.X,n),Y:Ut(t.Y,n)}),ho.get(t)}function dr({parameters:t,surface:e}){let{session:n,k:o,paint:s}=A(),r=B(null),a=n.dataAt(o),i=n.network.activations.length,{frame:c,values:u}=e;X(()=>{if(!u)return;let g=r.current.getContext("2d"),y=u.get(`A${i}`);a.X.rows===1?(g.clearRect(0,0,2*ct,2*ct),Ni(g,y,c)):Ei(g,y,a.kind),Xn(g,a,c,2*ct,6)});let l=g=>{if(s===null||a.X.rows!==2)return;let y=r.current.getBoundingClientRect(),[b,_]=[(g.clientX-y.left)/y.width,1-(g.clientY-y.top)/y.height];nn([c.x[0]+b*(c.x[1]-c.x[0]),c.y[0]+_*(c.y[1]-c.y[0])],lo(a,s))},[d,h]=[a.names?.[0]??"x1",a.X.rows===1?"Y":a.names?.[1]??"x2"],p=Ii(n,a,t);return m`<section class="card" aria-labelledby="map-title">
<div class="card-head"><h2 id="map-title">${f("38")}</h2><span class="quiet" data-fit>${p}</span></div>
${u?m`<canvas
class=${`decision${s===null?"":" is-painting"}`}
ref=${r}
width=${2*ct}
height=${2*ct}
role="img"
aria-label=${`${f("3a",{x:d,y:h})} ${p}`}
onClick=${l}
></canvas>`:null}
${a.X.rows>2&&u?m`<p class="quiet note">${f("39",{x:d,y:h})}</p>`:null}
</section>`}var[rn,ee,ne,$o]=[320,132,40,20],Ri=300;function bo(t,e){let n=Math.max(1,Math.ceil(t.length/e));return t.filter((o,s)=>s%n===0||s===t.length-1)}function fr({lines:t,here:e,text:n}){let o=t.map(p=>bo(p,Ri)),s=o.flat(),[r,a]=[s.map(([,p])=>p),s.map(([p])=>p)],[i,c]=[Math.min(0,...r),Math.max(...r,1e-12)],[u,l]=[Math.min(...a),Math.max(...a)],d=p=>ne+(rn-ne-6)*(p-u)/Math.max(1,l-u),h=p=>8+(ee-$o-8)*(1-(p-i)/(c-i));return m`<svg class="curve" viewBox=${`0 0 ${rn} ${ee}`} role="img" aria-label=${n}>
<path class="axis" d=${`M${ne} 8V${ee-$o}H${rn-6}`} />
${s.length?m`<text x=${ne-5} y="13" text-anchor="end">${M(c,3)}</text>
<text x=${ne-5} y=${ee-$o} text-anchor="end">${M(i,3)}</text>
<text x=${ne} y=${ee-5}>${u}</text>
<text x=${rn-6} y=${ee-5} text-anchor="end">${l}</text>
${o.map((p,g)=>m`<path
key=${g}
class=${`line${g?" is-second":""}`}
d=${p.map(([y,b],_)=>`${_?"L":"M"}${d(y).toFixed(1)} ${h(b).toFixed(1)}`).join("")}
/>`)}
${e?m`<circle class="dot" cx=${d(e[0])} cy=${h(e[1])} r="4" />`:null}`:null}
</svg>`}function mr({names:t,rows:e,press:n}){return m`<details>
<summary>${f("3e")}</summary>
<div class="table-scroll"><table class="plain">
<thead><tr>${t.map(o=>m`<th key=${o}>${o}</th>`)}</tr></thead>
<tbody>${e.map(([o,...s])=>m`<tr key=${o}><th scope="row">${n?m`<button class="link" onClick=${()=>n(o)}>${o}</button>`:o}</th>${s.map(r=>m`<td data-value=${String(r)}>${M(r)}</td>`)}</tr>`)}</tbody>
</table></div>
</details>`}function hr(){let{session:t,k:e}=A(),{costs:n}=t,o=n.map((i,c)=>[c+1,i]).filter(([,i])=>Number.isFinite(i)),s=o.reduce((i,[,c])=>Math.min(i,c),1/0),r=o.length?f("3c",{first:M(o[0][1]),last:M(n.at(-1)),low:M(s),n:n.length}):f("3d"),a=o.findLast(([i])=>i<=e)??o[0];return m`<section class="card" aria-labelledby="cost-title">
<div class="card-head"><h2 id="cost-title">${f("3b")}</h2>${a?m`<span class="quiet">${M(a[1])}</span>`:null}</div>
<${fr} lines=${[o]} here=${a} text=${r} />
<p class="quiet note">${r}</p>
${a?m`<${mr} names=${[f("bar.unit.update"),"J"]} rows=${bo(o,12)} press=${W} />`:null}
</section>`}var go=t=>t.replaceAll("_"," ");function an(){let{history:t}=A().session.lesson;if(t?.unit!=="epoch")return null;let{unit:e,at:n,text:o,...s}=t,r=Object.keys(s),a=i=>(s[i]??[]).map((c,u)=>[n[u],c]).filter(([,c])=>Number.isFinite(c));return m`<section class="card" aria-labelledby="run-title" data-run>
<h2 id="run-title">${f("3i")}</h2>
${[...new Set(r.map(i=>i.replace("validation_","")))].map(i=>m`<div key=${i}>
<p class="quiet">${go(i)}${s[`validation_${i}`]?` · ${f("3j")}`:""}</p>
<${fr} lines=${[a(i),a(`validation_${i}`)]} text=${`${go(i)}. ${o}`} />
</div>`)}
<p class="quiet note">${o}</p>
<${mr}
names=${[f("bar.unit.epoch"),...r.map(go)]}
rows=${bo(n.map((i,c)=>[i,...r.map(u=>s[u][c])]),12)}
/>
</section>`}var qi=.005;function _o(...t){let e=0;for(let{data:n}of t)for(let o of n)e+=o*o;return Math.sqrt(e)}var $r=({rows:t,cols:e,data:n})=>Array.from({length:t},(o,s)=>n.subarray(s*e,(s+1)*e)),yo=t=>t.filter(Boolean).length/t.length;function ji(t,e,n,o,s=void 0){let r=$r(t).map(c=>c.every(u=>u===0)),a=st[n].one?.backward;if(!o||!a)return{dead:yo(r)};let i=(c,u)=>c.reduce((l,d)=>l+Math.abs(1-u+a(u,d)),0)/c.length<qi;return{dead:yo(r),saturated:yo($r(e).map((c,u)=>!r[u]&&i(c,s?.data[u]??1)))}}function gr({problem:t,values:e}){let{activations:n}=t.network;return n.map((o,s)=>{let r=s+1,[a,i]=[e.get(`W${r}`),e.get(`W${r}′`)],c={data:a.data.map((h,p)=>i.data[p]-h)},u=Object.keys(t.parameters).filter(h=>h.match(/\d+$/)[0]===`${r}`),l=e.has(`mask${r}`)&&[`p(Z${r})`,`g(Z${r})`].find(h=>e.has(h)),d=e.get(l||`A${r}`);return{layer:r,units:a.rows,gradient:_o(...u.map(h=>e.get(`d${h}`))),ratio:_o(c)/(_o(a)||1),...ji(d,e.get(`Z${r}`),o,r<n.length,e.get(`alpha${r}`))}})}function Wi({units:t,dead:e,saturated:n}){return e?m`<span class="is-bad">${f("45",{n:Math.round(e*t)})}</span>`:n?m`<span class="is-bad">${f("46",{share:Math.round(100*n)})}</span>`:m`<span class="is-good">✓</span>`}function br(){let t=gr(F()),e=Math.max(...t.map(({gradient:n})=>n))||1;return m`<section class="card" aria-labelledby="layers-title">
<h2 id="layers-title">${f("40")}</h2>
<div class="table-scroll">
<table class="plain layers">
<thead><tr><th>${f("41")}</th><th>${f("42")}</th><th>${f("43")}</th><th>${f("44")}</th></tr></thead>
<tbody>
${t.map(n=>m`<tr key=${n.layer}>
<th scope="row">${n.layer}</th>
<td><span
class="layers-bar"
style=${{width:`${Math.max(2,44*(n.gradient/e))}px`}}
></span>${M(n.gradient,2)}</td>
<td>${M(n.ratio,2)}</td>
<td>${Wi(n)}</td>
</tr>`)}
</tbody>
</table>
</div>
</section>`}function _r(){let{session:t,k:e}=A(),{parameters:n}=t.state(e-1),o=sr(t,t.dataAt(e),n);return m`<div class="play">
<h1 class="visually-hidden">${f("screen.play")}</h1>
<div class="play-left">
<${nr} />
<${or} />
</div>
<section class="card play-network" aria-labelledby="network-title">
<h2 id="network-title">${f("2a")}</h2>
<${lr} parameters=${n} surface=${o} />
<${pr} parameters=${n} />
</section>
<div class="play-right">
<${dr} parameters=${n} surface=${o} />
<${hr} />
<${an} />
<${br} />
</div>
</div>`}var Fi=/^(?:(v|s|v̂|ŝ)_)?(d)?(?:([gp])\()?(A|Z|W_s|W|b|s|alpha|mask)(\d+)\)?(_decayed|_data|_L2|′|⁻)?$/u;function Mt(t){let e=Fi.exec(t);if(!e)return null;let[,n,o,s,r,a,i]=e;return{slot:n,derivative:!!o,before:s??"",letter:r,layer:Number(a),suffix:i??""}}function cn(t){let e=Mt(t);if(t==="loss")return["p","o"];if(t==="Y")return["n","o"];if(t.startsWith("J"))return["p","p"];if(!e)return["q","r"];let n=e.layer===0?"m":"k";return e.letter==="s"?["m","p"]:e.letter[0]==="W"?[n,e.layer===1?"m":"l"]:["b","alpha"].includes(e.letter)?[n,"p"]:[n,"o"]}var wr=({letter:t})=>t==="alpha"?"α":t;function dt({name:t}){let e=Mt(t);if(!e)return m`<span class="name"><i>${t.startsWith("J_")?m`J<sub>${t.slice(2)}</sub>`:t}</i></span>`;let{slot:n,derivative:o,before:s,layer:r,suffix:a}=e,i=m`<i>${o?"d":""}${s&&`${s}(`}${wr(e)}</i><sup>[${r}]</sup>${s?m`<i>)</i>`:""}`,c=a==="′"?"′":a==="⁻"?"":a.replace("_"," ");return m`<span class="name">${n?m`<i>${n}</i><sub>${i}</sub>`:i}${a==="⁻"?m`<sub>before</sub>`:c}</span>`}var Me=(...t)=>m`<mrow>${t}</mrow>`;function yr(t,e){let n=Mt(t),o=(g,...y)=>m`<msup>${g}<mrow>${y}</mrow></msup>`,s=e?m`<mi>T</mi>`:null;if(!n)return t.startsWith("J_")?m`<msub><mi>J</mi><mi>${t.slice(2)}</mi></msub>`:m`<mi>${t}</mi>`;let{slot:r,derivative:a,before:i,layer:c,suffix:u}=n,l=wr(n),d=[m`<mo stretchy="false">[</mo>`,m`<mn>${c}</mn>`,m`<mo stretchy="false">]</mo>`,s],h=o(a?Me(m`<mi>d</mi>`,m`<mi>${l}</mi>`):m`<mi>${l}</mi>`,...d),p=i?Me(m`<mi>${a?"d":""}${i}</mi>`,m`<mo>(</mo>`,o(m`<mi>${l}</mi>`,...d),m`<mo>)</mo>`):h;return r?m`<msub><mi>${r}</mi>${Me(p)}</msub>`:u==="′"?Me(p,m`<mo>′</mo>`):u.startsWith("_")?m`<msub>${p}<mi>${u.slice(1)}</mi></msub>`:p}var Di=/^(.+)\/(.+)$/;function Hi(t){let e=Di.exec(t);return e?m`<mfrac><mi>${e[1]}</mi><mi>${e[2]}</mi></mfrac><mspace width="0.2em" />`:/^[a-zα-ω][a-z_α-ω₀-₉]*′?$/u.test(t)?m`<mi mathvariant=${t.length>1?"normal":void 0}>${t}</mi>`:/^(\d+|log)$/.test(t)?m`<mn>${t}</mn>`:m`<mo stretchy="false">${t}</mo>`}function Ui(t){return typeof t=="string"?Hi(t):t.power?m`<msup><mi>e</mi>${Me(yr(t.power.name))}</msup>`:yr(t.name,t.transposed)}var wo={momentum:{v:["β","v","+","(1 − β)","g"],theta:["−","α","v"]},nesterov:{v:["β","v","−","α","g"],theta:["+","β","v","−","α","g"]},rmsprop:{s:["β","s","+","(1 − β)","g²"],theta:["−","α","g / (√s + ε)"]},adam:{v:["β₁","v","+","(1 − β₁)","g"],s:["β₂","s","+","(1 − β₂)","g²"],theta:["−","α","v̂ / (√ŝ + ε)"]},lion:{v:["β₂","v","+","(1 − β₂)","g"],theta:["−","α","sign(β₁v + (1 − β₁)g)"]}};wo.adamw=wo.adam;var Zi={sigmoid:(t,e)=>["Σ","(","log","(","1","+",{power:t},")","−",...e,"∘",t,")"],softmax:(t,e)=>["log","Σ",{power:t},"−","Σ",...e,"∘",t],identity:(t,e)=>["1/2","Σ","(",t,"−",...e,")","²"]};function vr({step:t,optimizer:e,output:n}){if(t.formula)return m`<span class="equation is-text">${t.formula}</span>`;let{tokens:o}=t,s=wo[e];t.kind==="slot"&&s&&(o=[o[0],"=",...s[Mt(t.id).slot]]),t.kind==="update"&&s&&(o=[o[0],"=",o[2],...s.theta]);let r={name:`d${Mt(t.id)?.letter}${t.layer}`};return t.phase==="update"&&(o=o.flatMap(a=>a==="g"?[r]:a==="g²"?[r,"²"]:[a])),t.kind==="loss"&&(o=[o[0],"=",...Zi[n](o[4],o.slice(6,-1))]),t.kind==="batch"&&(o=[o[0],"=",{name:"X"}]),m`<math class="equation" display="block">
<mrow>${o.map(Ui)}</mrow>
</math>`}function Bi(t){let e=[];return t.forEach((n,o)=>{e.at(-1)?.phase!==n.phase&&e.push({phase:n.phase,steps:[]}),e.at(-1).steps.push({...n,at:o})}),e}function kr(){let{micro:t}=A(),e=B(null),{steps:n}=F();at(()=>{let s=e.current,r=requestAnimationFrame(()=>{let a=s.querySelector('[aria-current="step"]');a&&(s.scrollLeft=a.offsetLeft-s.clientWidth/2+a.offsetWidth/2)});return()=>cancelAnimationFrame(r)},[t,n]);let o=s=>{let r={Home:0,End:n.length-1}[s.key];r!==void 0&&(s.preventDefault(),Rt(r))};return m`<nav class="ribbon" ref=${e} aria-label=${f("u")} onKeyDown=${o}>
${Bi(n).map(({phase:s,steps:r})=>m`<div class=${`ribbon-group phase-${s}`} key=${r[0].id}>
<span class="ribbon-phase" id=${`phase-${r[0].at}`}>${f(`phase.${s}`)}</span>
<ol aria-labelledby=${`phase-${r[0].at}`}>
${r.map(({id:a,at:i})=>m`<li key=${a}>
<button
class="ribbon-step"
data-micro=${a}
tabindex=${i===t?0:-1}
aria-current=${i===t?"step":void 0}
onClick=${()=>Rt(i)}
>
<${dt} name=${a} />
</button>
</li>`)}
</ol>
</div>`)}
</nav>`}var zi=320,xr=112;function Yi(t,e,n,o,s){let r=t.createImageData(o,s),a=Gt(e)||1,i=rt(),[c,u]=n?[e.cols,e.rows]:[e.rows,e.cols];for(let l=0;l<s;l++){let[d,h]=[Math.floor(l*c/s),Math.max(Math.floor((l+1)*c/s),Math.floor(l*c/s)+1)];for(let p=0;p<o;p++){let[g,y]=[Math.floor(p*u/o),Math.max(Math.floor((p+1)*u/o),Math.floor(p*u/o)+1)],b=0,_=0,w=Math.ceil((h-d)/4),S=Math.ceil((y-g)/4);for(let D=d;D<h;D+=w)for(let q=g;q<y;q+=S,_++)b+=n?e.data[q*e.cols+D]:e.data[D*e.cols+q];let[k,v,O]=ht(b/_/a,i);r.data.set([k,v,O,255],4*(l*o+p))}}t.putImageData(r,0,0)}function Mr({matrix:t,transposed:e=!1,window:n,onPick:o}){let s=B(null),[r,a]=e?[t.cols,t.rows]:[t.rows,t.cols],i=Math.min(a,zi),c=Math.min(r,xr);X(()=>Yi(s.current.getContext("2d"),t,e,i,c),[t,e,rt()]);let u=Math.max(18,Math.min(xr,c*(r>24?1:5))),l=h=>{let p=h.currentTarget.getBoundingClientRect(),g=(y,b,_,w)=>Math.max(0,Math.min(w-1,Math.floor((y-b)/_*w)));o(g(h.clientY,p.top,p.height,r),g(h.clientX,p.left,p.width,a))},d=(h,p)=>`${100*h/p}%`;return m`<div class="heat" aria-hidden="true" onClick=${l} style=${{height:`${u}px`}}>
<canvas ref=${s} width=${i} height=${c}></canvas>
<span
class="heat-window"
style=${{left:d(n.c0,a),top:d(n.r0,r),width:d(n.c1-n.c0,a),height:d(n.r1-n.r0,r)}}
></span>
</div>`}var Xi=16,vo=8;function Sr(t,e,n,o=Xi){if(t<=o)return[0,t];let s=Math.min(Math.floor((e??0)/n)*n,t-n);return[s,s+n]}var[Se,oe]=[{cell:56,decimals:4},{cell:44,decimals:3}],Tr=[{whole:16,few:6,...Se},{whole:16,few:4,...Se},{whole:16,few:4,...oe},{whole:16,few:3,...oe},{whole:8,few:5,...Se},{whole:8,few:4,...oe},{whole:8,few:3,...oe},{whole:6,few:5,...oe},{whole:6,few:4,...oe}],Ji={whole:4,few:4,...Se},[ko,Ar]=[26,100];function Or(t,e,n){let o=n.reduce((a,i)=>a+Math.max(14,10*i.length)+13,0),s=({whole:a,few:i,cell:c})=>o+e.reduce((u,l)=>u+Math.max(Ar,ko+c*(l<=a?l:i)),0),r=Tr.find(a=>s(a)<=t);return r||(t<560?{...Ji,few:Math.max(2,Math.floor((t-ko)/Se.cell))}:Tr[5])}function Te(t,e){let n=t.get(e);if(typeof n=="number")return{rows:1,cols:1,data:Float64Array.of(n)};if(n)return n;let o=t.get(e.replace(/^.+?_d|⁻$/gu,"").replace("⁻",""));return o?{rows:o.rows,cols:o.cols,data:new Float64Array(o.data.length)}:null}var Gi={ArrowUp:(t,e)=>[t-1,e],ArrowDown:(t,e)=>[t+1,e],ArrowLeft:(t,e)=>[t,e-1],ArrowRight:(t,e)=>[t,e+1],Home:t=>[t,0],End:t=>[t,1/0],PageUp:(t,e)=>[t-vo,e],PageDown:(t,e)=>[t+vo,e]};function Cr({name:t,matrix:e,size:n,transposed:o=!1,lit:s,result:r=!1}){let{cursor:a}=A(),i=B(null),c=(C,P)=>o?[P,C]:[C,P],[u,l]=c(e.rows,e.cols),d=a?.name===t?a:null,h=s.find(C=>C.name===t),[p,g]=d?c(d.row,d.col):h?c(h.row,h.col):[0,0],[y,b]=Sr(u,p,vo),[_,w]=Sr(l,g,n.few,n.whole),S=Gt(e),k=rr(S,n.decimals),v=ir(k.power),O=[...b-y<u?[f("y",{from:y,to:b-1,of:u})]:[],...w-_<l?[f("z",{from:_,to:w-1,of:l})]:[]],D=O.length===0;at(()=>{!d||!$.focusCursor||($.focusCursor=!1,i.current.querySelector('[tabindex="0"]')?.focus())});let q=(C,P,ot)=>{let[lt,ae]=[Math.max(0,Math.min(u-1,C)),Math.max(0,Math.min(l-1,P))],[Oe,Ce]=c(lt,ae);Xt({name:t,row:Oe,col:Ce},ot)},et=C=>{let P=C.closest("[data-tensor]");return P&&c(Number(P.dataset.row),Number(P.dataset.col))},V=C=>{let P=et(C.target);if(!P||C.ctrlKey||C.metaKey||C.altKey)return;if(C.key==="Enter")return mt({name:t,row:c(...P)[0],col:c(...P)[1]});let ot=Gi[C.key];!ot||C.shiftKey||(C.preventDefault(),C.stopPropagation(),q(...ot(...P),!0))},ft=C=>{let P=et(C.target);P&&q(...P,!0)},[nt,G]=c(...cn(t)),ma=(C,P)=>{if(!h)return!1;let[ot,lt]=c(C,P);return(h.row===null||h.row===ot)&&(h.col===null||h.col===lt)},ha=d?c(d.row,d.col)[0]:y,$a=d?c(d.row,d.col)[1]:_,bn=(C,P)=>Array.from({length:P-C},(ot,lt)=>C+lt),ga=o?`${t}ᵀ`:t;return m`<figure
class=${`matrix${r?" is-result":""}`}
style=${{"--cell":`${n.cell}px`,width:`${Math.max(Ar,ko+n.cell*(w-_))}px`}}
>
<figcaption>
<span class="matrix-name"><${dt} name=${t} />${o?m`<sup>T</sup>`:null}</span>
<span class="matrix-shape">${f("x",{rows:u,cols:l})}${v?m`<b> ${v}</b>`:null}</span>
</figcaption>
<div class="matrix-scroll">
<div
class="grid"
role="grid"
ref=${i}
aria-label=${`${ga}, ${f(nt)} × ${f(G)}, ${f("x",{rows:u,cols:l})}`}
aria-rowcount=${u}
aria-colcount=${l}
onKeyDown=${V}
onClick=${ft}
>
<div class="grid-head" aria-hidden="true">
<span></span>${bn(_,w).map(C=>m`<span key=${C}>${C}</span>`)}
</div>
${bn(y,b).map(C=>m`<div class="grid-row" role="row" aria-rowindex=${C+1} key=${C}>
<span class="grid-index" aria-hidden="true">${C}</span>
${bn(_,w).map(P=>{let[ot,lt]=c(C,P),ae=e.data[ot*e.cols+lt],Oe=ar(ae,k),Ce=d&&d.row===ot&&d.col===lt;return m`<span
key=${P}
role="gridcell"
class=${`cell${Ce?" is-cursor":""}${ma(C,P)?" is-lit":""}`}
aria-colindex=${P+1}
aria-selected=${Ce?"true":"false"}
aria-label=${f("10",{name:t,row:ot,col:lt,value:`${Oe} ${v}`})}
tabindex=${C===ha&&P===$a?0:-1}
data-tensor=${t}
data-row=${ot}
data-col=${lt}
data-value=${Wt(ae)}
style=${{backgroundColor:Ds(ae,S)}}
>${Oe}</span
>`})}
</div>`)}
</div>
</div>
<div class="matrix-axes">
${f(nt)} × ${f(G)}
${O.map(C=>m`<br />${C}`)}
</div>
${D?null:m`<${Mr}
matrix=${e}
transposed=${o}
window=${{r0:y,r1:b,c0:_,c1:w}}
onPick=${(C,P)=>q(C,P,!1)}
/>`}
</figure>`}async function ln(t){try{return await navigator.clipboard.writeText(t),!0}catch{let e=Object.assign(document.createElement("textarea"),{value:t});document.body.append(e),e.select();let n=document.execCommand("copy");return e.remove(),n}}function xo(t,e,n){let o=URL.createObjectURL(new Blob([e],{type:n})),s=Object.assign(document.createElement("a"),{href:o,download:t});document.body.append(s),s.click(),s.remove(),setTimeout(()=>URL.revokeObjectURL(o),1e4)}var R=(t,e,n)=>({name:t,row:e,col:n}),Dt=(t,e,n)=>`${t}[${e}, ${n}]`,Vi={batch({opened:t},e,n){return{symbols:`A0[${e}, ${n}] = X[${e}, ${t.problem.batch[n]}]`,code:`X[${e}, ${t.problem.batch[n]}]`,lit:[]}},linear({values:t,step:e,layer:n},o,s){let[r,a,i]=[e.tokens[2].name,`A${n-1}`,`b${n}`],c=un(t,r,a,t.get(r).cols,l=>[R(r,o,l),R(a,l,s)]),u=N(t.get(i),o,0);return{symbols:`Σₖ ${r}[${o}, k]·${a}[k, ${s}] + ${Dt(i,o,0)}`,code:`(${r} @ ${a} + ${i})[${o}, ${s}]`,lit:[{name:r,row:o,col:null},{name:a,row:null,col:s},R(i,o,0)],terms:c,added:[{place:R(i,o,0),label:i,value:u}]}},activation({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=N(t.get(`Z${o}`),s,r),c=a==="softmax";return{symbols:c?`e^Z${o}[${s}, ${r}] / Σₖ e^Z${o}[k, ${r}]`:`${a}(Z${o}[${s}, ${r}])`,puts:c?void 0:`${a}(${M(i)})`,code:`${a}(Z${o})[${s}, ${r}]`,lit:[c?{name:`Z${o}`,row:null,col:r}:R(`Z${o}`,s,r)]}},loss({values:t,opened:e,layer:n},o,s){let{output:r}=e.problem.network,[a,i]=[t.get(`Z${n}`),t.get("Y")],c=a.rows===1,[u,l]=[M(N(a,0,s)),pn(e,M(N(i,0,s)))],d={sigmoid:[`Σ (log(1 + e^Z${n}) − ${pn(e,"Y")}·Z${n}) in column ${s}`,`log(1 + e^(${u})) − ${l}·(${u})`],softmax:[`log Σₖ e^Z${n}[k, ${s}] − Σₖ ${pn(e,`Y[k, ${s}]`)}·Z${n}[k, ${s}]`,""],identity:[`½ Σ (Z${n} − Y)² in column ${s}`,`½·(${u} − (${l}))²`]},[h,p]=d[r];return{symbols:h,puts:c&&p?p:void 0,code:`loss[0, ${s}]`,lit:[{name:`Z${n}`,row:null,col:s},{name:"Y",row:null,col:s}]}},cost({values:t}){let e=t.get("loss"),n=t.has("J_L2")?[{place:null,label:"J_L2",value:t.get("J_L2")}]:[];return{symbols:`1/m Σᵢ loss[0, i]${n.length?" + J_L2":""}`,code:`loss.mean()${n.length?" + J_L2":""}`,lit:[{name:"loss",row:0,col:null}],terms:Array.from(e.data,(o,s)=>({factors:[R("loss",0,s)],value:o})),scale:e.cols,added:n}},scale_sum({values:t},e){let[n,o]=["W1","dW_s1"];return{symbols:`Σᵢ ${n}[i, ${e}]·${o}[i, ${e}]`,code:`(${n} * ${o}).sum(axis=0)[${e}]`,lit:[n,o].map(s=>({name:s,row:null,col:e})),terms:un(t,n,o,t.get(n).rows,s=>[R(n,s,e),R(o,s,e)])}},bent_alpha({values:t,step:e},n){let o=Er(e).map(({name:c})=>c),[s,r,a]=o.map(c=>`${c}[${n}, i]`),i=t.get(o[0]).cols;return{symbols:`1/${i} Σᵢ ${s}·(${r} − ${a})`,code:`(${o[0]} * (${o[1]} - ${o[2]})).sum(axis=1)[${n}] / ${i}`,lit:o.map(c=>({name:c,row:n,col:null}))}},weights({values:t,step:e,layer:n,opened:o},s,r){let[a,i]=[`dZ${n}`,`A${n-1}`],c=t.get(a).cols,u=un(t,a,i,c,h=>[R(a,s,h),R(i,r,h)]),l=e.id===`dW${n}`&&t.get(`dW${n}_L2`),d=`W${n}`;return{symbols:`1/${c} Σᵢ ${a}[${s}, i]·${i}[${r}, i]${l?` + λ/${c}·${Dt(d,s,r)}`:""}`,code:`(${a} @ ${i}.T / ${c}${l?` + l2 / ${c} * ${d}`:""})[${s}, ${r}]`,lit:[{name:a,row:s,col:null},{name:i,row:r,col:null},...l?[R(d,s,r)]:[]],terms:u,scale:c,added:l?[{place:R(d,s,r),label:`λ/m·${d}`,value:N(l,s,r)}]:[]}},bias({values:t,layer:e},n){let o=t.get(`dZ${e}`);return{symbols:`1/${o.cols} Σᵢ dZ${e}[${n}, i]`,code:`dZ${e}.sum(axis=1, keepdims=True)[${n}, 0] / ${o.cols}`,lit:[{name:`dZ${e}`,row:n,col:null}],terms:Array.from({length:o.cols},(s,r)=>({factors:[R(`dZ${e}`,n,r)],value:N(o,n,r)})),scale:o.cols}},back({values:t,layer:e},n,o){let s=e+1,[r,a]=[`W${s}`,`dZ${s}`];return{symbols:`Σₖ ${r}[k, ${n}]·${a}[k, ${o}]`,code:`(${r}.T @ ${a})[${n}, ${o}]`,lit:[{name:r,row:null,col:n},{name:a,row:null,col:o}],terms:un(t,r,a,t.get(r).rows,i=>[R(r,i,n),R(a,i,o)])}},activation_back({values:t,step:e,opened:n,layer:o},s,r){let a=n.problem.network.activations[o-1],i=e.tokens[2].name,[c,u]=[N(t.get(i),s,r),N(t.get(`Z${o}`),s,r)],l=c===0?"":`   (slope ${M(N(t.get(`dZ${o}`),s,r)/c)})`;return{symbols:`${Dt(i,s,r)} · ${a}′(Z${o}[${s}, ${r}])`,puts:`${M(c)} · ${a}′(${M(u)})${l}`,code:`${a}_backward(${i}, Z${o})[${s}, ${r}]`,lit:[R(i,s,r),R(`Z${o}`,s,r)]}},decay({values:t,step:e,opened:n},o,s){let r=e.tokens[3].name,[a,i]=[Zt,de].map(c=>c(n.problem.training,r));return{symbols:`(1 − α·λ)·${Dt(r,o,s)}`,puts:`(1 − ${M(a)}·${M(i)})·${M(N(t.get(r),o,s))}`,code:`(1 - ${a} * ${i}) * ${r}[${o}, ${s}]`,lit:[R(r,o,s)]}},slot({values:t,step:e,opened:n},o,s){let{slot:r}=Mt(e.id),a=e.tokens[4].name,i=t.has(`${e.id}⁻`)?N(t.get(`${e.id}⁻`),o,s):0,c=N(t.get(a),o,s),{training:u}=n.problem,l={...j[u.optimizer].defaults,...u.hyperparameters},d=r==="s"?"²":"";if(u.optimizer==="nesterov")return{symbols:`β·v − α·${Dt(a,o,s)}`,puts:`${l.beta}·${M(i)} − ${M(Zt(u,a.slice(1)))}·${M(c)}`,code:`${l.beta} * v - ${Zt(u,a.slice(1))} * ${a}[${o}, ${s}]`,lit:[R(a,o,s),R(`${e.id}⁻`,o,s)]};let h=u.optimizer==="lion",p=l.beta??(r==="s"||h?l.beta2:l.beta1);return{symbols:`β·${r} + (1 − β)·${Dt(a,o,s)}${d}`,puts:`${p}·${M(i)} + ${M(1-p)}·(${M(c)})${d}`,code:`${p} * ${r} + (1 - ${p}) * ${a}[${o}, ${s}]${d?" ** 2":""}`,lit:[R(a,o,s),R(`${e.id}⁻`,o,s)]}},update({values:t,step:e,opened:n},o,s){let{optimizer:r}=n.problem.training,a=Zt(n.problem.training,e.id.replace("′","")),i=e.tokens.filter(_=>typeof _=="object").slice(1).map(({name:_})=>_),[c,...u]=i,l=_=>M(N(t.get(_),o,s)),[d,h]=u,p={gd:[`${c} − α·${d}`,`${l(c)} − ${M(a)}·(${l(d)})`],momentum:[`${c} − α·v`,`${l(c)} − ${M(a)}·(${l(d)})`],nesterov:[`${c} + β·v − α·g`,`${l(c)} + β·(${l(d)}) − ${M(a)}·(${l(u.at(-1))})`],rmsprop:[`${c} − α·g / (√s + ε)`,`${l(c)} − ${M(a)}·(${l(u.at(-1))}) / (√${l(d)} + ε)`],lion:[`${c} − α·sign(β₁·v + (1 − β₁)·g)`,""]},g=[`${c} − α·v̂ / (√ŝ + ε)`,h?`${l(c)} − ${M(a)}·(${l(d)}) / (√${l(h)} + ε)`:""],[y,b]=p[r]??g;return{symbols:y,puts:b||void 0,code:`${e.equation}(…)[${o}, ${s}]`,lit:i.map(_=>R(_,o,s))}}};function un(t,e,n,o,s){let[r,a]=[t.get(e),t.get(n)];return Array.from({length:o},(i,c)=>{let[u,l]=s(c);return{factors:[u,l],value:N(r,u.row,u.col)*N(a,l.row,l.col)}})}function pn({problem:t},e){let n=pe(t.network);return n?`(${n.keep}·${e} + ${n.even})`:e}var Er=({tokens:t})=>t.filter(e=>e.name).slice(1),Ae=([t,e])=>`${t} · ${e}`,Nr={dropout:Ae,dropout_back:Ae,scale:Ae,scale_back:([t,e,n])=>Ae([t,e])+(n?` + λ/m·${n}`:""),bent:([t,e,,n])=>`(1 − ${t})·${e} + ${t}·${n}`,bent_back:([t,e,n,o],{g:s})=>n?`(1 − ${t})·${e} + ${n}·${s}′(${o})`:Ae([t,e]),output:([t,e],{opened:n})=>`${t} − ${pn(n,e)}`};function Ki({values:t,opened:e,step:n,layer:o},s,r){let a=Er(n).map(({name:l,transposed:d})=>R(l,d?r:s,t.get(l).cols===1?0:r)),i=l=>Nr[n.kind](a.map(({name:d,row:h,col:p})=>l(d,h,p)),{opened:e,g:e.problem.network.activations[o-1]}),c=i(Dt),u=c.replace(/ ?· ?/g," * ").replaceAll("−","-");return{symbols:c,puts:i((l,d,h)=>M(N(t.get(l),d,h))),code:u,lit:a}}function dn(t,e,n,o){let s=t.steps.find(({id:a})=>a===e),r=s&&(Vi[s.kind]??(Nr[s.kind]&&Ki));return r?r({opened:t,values:t.values,step:s,layer:s.layer},n,o):null}var Qi=/^d(A|Z|g|p)/,tc=t=>t.slice(1);function Mo(t,e,n,o,s){let r=tc(n),a=e.get(r),i=Qi.test(n)?e.get("Y").cols:1,c=o*a.cols+s,u=g=>{let y=De(a);return y.data[c]=g,Nt(t,new Map,{name:r,value:y}).get("J")},l=a.data[c],d=.02*Math.max(1,Math.abs(l)),h={value:NaN,error:1/0},p=[];for(let g=0;g<9;g++,d/=2){let y=[(u(l+d)-u(l-d))/(2*d)*i];for(let b=1,_=4;b<=g;b++,_*=4){y.push((_*y[b-1]-p[b-1])/(_-1));let w=Math.max(Math.abs(y[b]-y[b-1]),Math.abs(y[b]-p[b-1]));w<h.error&&(h={value:y[b],error:w})}p=y}return h}function ec(t,e){return t<=e?Array.from({length:t},(n,o)=>o):Array.from({length:e},(n,o)=>Math.round(o*(t-1)/(e-1)))}function*Pr(t,e,n,o=24){for(let s of n){let r=e.get(s),a=0,i=ec(r.data.length,o),c=!0;for(let u of i){let l=Math.floor(u/r.cols),d=Mo(t,e,s,l,u%r.cols),h=Math.max(Math.abs(r.data[u]),Math.abs(d.value),1e-4),p=Math.abs(r.data[u]-d.value)/h;a=Math.max(a,p),p<1e-6||Math.abs(r.data[u]-d.value)<=10*d.error||(c=!1)}yield{name:s,checked:i.length,of:r.data.length,difference:a,passed:c}}}var Rr=/^(W|b|s|alpha)\d+$/,Ir=6;function nc({explanation:t,values:e,result:n}){let{terms:o,scale:s=1,added:r=[]}=t,a=o.map((l,d)=>({...l,i:d})).sort((l,d)=>Math.abs(d.value)-Math.abs(l.value)),i=a.slice(Ir),c=Math.abs(a[0]?.value)||1,u=({name:l,row:d,col:h})=>N(Te(e,l),d,h);return m`<div class="terms">
<h4>${f("1i",{n:o.length})}</h4>
<ol>
${a.slice(0,Ir).map(({factors:l,value:d,i:h})=>m`<li key=${h}>
<button
class="term"
onClick=${()=>Xt(l.at(-1))}
title=${l.map(p=>`${p.name}[${p.row}, ${p.col}]`).join(" · ")}
>
<span class="term-index">${h}</span>
<span class="term-factors">${l.map(u).map(p=>M(p)).join(" · ")}</span>
<span class="term-value">${l.length>1?`= ${M(d)}`:""}</span>
<span
class=${`term-bar ${d<0?"is-negative":""}`}
style=${{width:`${100*Math.abs(d)/c}%`}}
></span>
</button>
</li>`)}
</ol>
${i.length?m`<p class="quiet note">${f("1j",{n:i.length,value:M(i.reduce((l,d)=>l+d.value,0))})}</p>`:null}
<p class="sum">
${s===1?"":m`<span>1/${s} · </span>`}<span>Σ ${M(o.reduce((l,d)=>l+d.value,0))}</span>
${r.map(({label:l,value:d})=>m`<span> + ${l} ${M(d)}</span>`)}
<span> = <b>${M(n)}</b></span>
</p>
</div>`}function oc({open:t,name:e,row:n,col:o,value:s}){let[r,a]=U(null);if(X(()=>a(null),[t,e,n,o]),!/^d[^_]+$/u.test(e))return null;if(!r)return m`<button class="button is-quiet" onClick=${()=>a(Mo(t.problem,t.values,e,n,o))}>${f("1k")}</button>`;let i=Math.abs(r.value-s),c=i<=1e-6*Math.max(1e-4,Math.abs(s))||i<=10*r.error;return m`<p class="numeric" data-numeric=${Wt(r.value)}>
${f("1l")}: <b>${M(r.value,8)}</b><br />
<span class=${c?"is-good":"is-bad"}>${c?"✓ ":"✗ "}${f(c?"1m":"1n",{difference:M(i,2)})}</span>
</p>`}function sc({open:t,name:e,col:n}){let{session:o,k:s}=A();if(!cn(e).includes("o"))return null;let r=o.dataAt(s),a=t.problem.batch[n],i=l=>N(r.X,l,a),c=Array.from({length:Math.min(3,r.X.rows)},(l,d)=>`${r.names?.[d]??`x${d+1}`} = ${M(i(d),3)}`),u=r.classes&&r.kind!=="numbers"?r.classes[Vt(r,a)]:M(N(r.Y,0,a));return m`<p class="quiet note">${f("1a",{col:n,i:a,inputs:`${c.join(", ")}${r.X.rows>3?", …":""}`,target:u})}</p>`}var[Lr,fn]=[260,44];function rc({name:t,row:e,col:n}){let{session:o,k:s}=A();if(!Rr.test(t)||!o.kept||o.latest.t<2)return null;let r=[...o.kept.values(),o.latest].sort((g,y)=>g.t-y.t),a=Math.ceil(r.length/120),i=r.filter((g,y)=>y%a===0||y===r.length-1).map(({t:g,parameters:y})=>[g,N(y[t],e,n)]),c=i.map(([,g])=>g),[u,l]=[Math.min(...c),Math.max(...c)],d=g=>g/o.latest.t*Lr,h=g=>fn-4-(g-u)/(l-u||1)*(fn-8),p=f("1b",{first:M(c[0]),last:M(c.at(-1)),n:o.latest.t});return m`<figure class="history">
<figcaption class="quiet note">${p}</figcaption>
<svg viewBox=${`0 0 ${Lr} ${fn}`} class="curve" role="img" aria-label=${p}>
<path
class="line"
d=${i.map(([g,y],b)=>`${b?"L":"M"}${d(g).toFixed(1)} ${h(y).toFixed(1)}`).join("")}
/>
<line class="axis" x1=${d(s-1)} x2=${d(s-1)} y1="0" y2=${fn} />
</svg>
</figure>`}function qr(){let{cursor:t,session:e}=A(),[n,o]=U(""),s=F(),r=t&&Te(s.values,t.name);if(X(()=>o(""),[t]),!r)return m`<section
class="card inspector"
aria-label=${f("15")}
><p class="quiet">${f("16")}</p></section>`;let{name:a}=t,[i,c]=[Math.min(t.row,r.rows-1),Math.min(t.col,r.cols-1)],u=N(r,i,c),l=dn(s,a,i,c),d=Rr.test(a),h=Ge().id!==a&&s.steps.some(({id:g})=>g===a),p=async()=>o(await ln(Wt(u))?f("1e"):"");return m`<section class="card inspector" aria-labelledby="inspector-title">
<h3 id="inspector-title">${f("15")}</h3>
<p class="inspector-head"><${dt} name=${a} /><span class="index">[${i}, ${c}]</span><span class="inspector-value">${M(u,6)}</span></p>
${l?m`<dl>
<dt>${f("1g")}</dt>
<dd class="formula">${l.symbols}</dd>
${l.puts?m`<dt>${f("1h")}</dt><dd class="formula">${l.puts} = <b>${M(u)}</b></dd>`:null}
</dl>`:m`<p class="quiet">${f(d?"19":e.isRecorded?"18":"17")}</p>`}
<${sc} open=${s} name=${a} col=${c} />
<${rc} name=${a} row=${i} col=${c} />
${l?.terms?m`<${nc} explanation=${l} values=${s.values} result=${u} />`:null}
<dl>
<dt>${f("1c")}</dt>
<dd class="exact">
<code data-exact=${Wt(u)}>${Wt(u)}</code>
<button class="button is-quiet is-small" onClick=${p}>${n||f("1d")}</button>
</dd>
${l?m`<dt>${f("1f")}</dt><dd><code>${l.code}</code></dd>`:null}
</dl>
${e.isRecorded?null:m`<${oc} open=${s} name=${a} row=${i} col=${c} value=${u} />`}
${h?m`<button
class="button is-quiet"
onClick=${()=>mt({name:a,row:i,col:c})}
>${f("1o")}</button>`:null}
</section>`}function ac(t){return t.replace(/^(\s*)(?:r?"""[\s\S]*?""")\s*\n/m,"")}var ic={linear:/return W @ A_prev/,back:/return cache\[1\]\.T @ dZ/,weights:/return dZ @ A_prev\.T|weight_gradients\(/,bias:/dZ\.sum|weight_gradients\(/,slot:/^\s*[vs] = /,update:/return theta|return \(theta/};function jr({step:t}){let{session:e}=A(),{sources:n,formulas:o}=e.lesson,s=n?.[t.equation]??Kt.sources[t.equation],r=o?.[t.equation]??Kt.formulas[t.equation];if(!s)return t.equation?m`<section class="card source"><h3>${f("11")}</h3><p class="quiet">${f("12")}</p></section>`:null;let a=ac(s.text).trimEnd().split(`
`),i=ic[t.kind]??/^\s*return /,c=a.findLastIndex(u=>i.test(u));return m`<section class="card source" aria-labelledby="source-title">
<h3 id="source-title">${f("11")}</h3>
<p class="quiet">${f("13",s)}</p>
${r?m`<p class="formula">${r}</p>`:null}
<pre tabindex="0" role="region" aria-label=${t.equation}><code>${a.map((u,l)=>m`<span
class=${l===c?"is-current":""}
aria-current=${l===c?"true":void 0}
>${u}${`
`}</span>`)}</code></pre>
</section>`}var cc=7,[Wr,So]=[220,96];function Fr({step:t}){let{session:e}=A(),{layer_dims:n}=e.network,o=l=>14+l*(Wr-28)/(n.length-1),s=l=>Math.min(n[l],cc),r=(l,d)=>So/2+(d-(s(l)-1)/2)*Math.min(13,(So-14)/s(l)),i={linear:t.layer,weights:t.layer,back:t.layer+1,update:t.layer,slot:t.layer,decay:t.layer}[t.kind],c=t.kind==="loss"||t.kind==="cost"?n.length-1:t.layer,u=l=>Array.from({length:s(l)},(d,h)=>h);return m`<svg
class="small-network"
viewBox=${`0 0 ${Wr} ${So}`}
role="img"
aria-label=${f("w",{part:`${f(`phase.${t.phase}`)}, ${f("2o",{l:t.layer})}`})}
>
${n.slice(1).map((l,d)=>u(d).map(h=>u(d+1).map(p=>m`<line
class=${i===d+1?"is-lit":""}
x1=${o(d)}
y1=${r(d,h)}
x2=${o(d+1)}
y2=${r(d+1,p)}
/>`)))}
${n.map((l,d)=>u(d).map(h=>m`<circle
class=${c===d?"is-lit":""}
cx=${o(d)}
cy=${r(d,h)}
r="4.5"
/>`))}
</svg>`}var se=(t,e)=>({name:t,row:e,col:null}),re=(t,e)=>({name:t,row:null,col:e}),St=(t,e,n)=>({name:t,row:e,col:n}),mn=(t,e)=>St(t,e,0),Dr=(t,e,n)=>St(t,0,n),Hr=(t,e,n)=>St(t,n,0),lc={linear:[se,(t,e,n)=>re(t,n),se],weights:[se,re],bias:[mn],back:[(t,e,n)=>se(t,n),(t,e,n)=>re(t,n)],activation:[(t,e,n,{equation:o})=>o==="softmax"?re(t,n):St(t,e,n)],scale:[St,re],scale_back:[St,re],scale_sum:[Hr,Hr],bent:[se],bent_back:[se],bent_alpha:[mn,mn,mn],loss:[Dr,Dr],cost:[t=>St(t,0,0)]};function Ur(t,e,n,o){let[s,...r]=t.tokens.filter(c=>typeof c=="object"),a=r.findIndex(c=>c.name===e);return a<0||t.kind==="batch"||t.kind==="recorded"?[]:[(lc[t.kind]?.[a]??St)(s.name,n,o,t)]}function uc(){let t=B(null),[e,n]=U(800);return at(()=>{let o=new ResizeObserver(([{contentRect:s}])=>n(s.width));return o.observe(t.current),()=>o.disconnect()},[]),[t,e]}function pc({open:t,step:e,lit:n}){let[o,s]=uc(),r=e.tokens.map(u=>typeof u=="string"?u:{...u,matrix:Te(t.values,u.name)}),a=r.filter(u=>typeof u=="object"),i=a.map(({matrix:u,transposed:l})=>l?u.rows:u.cols),c=Or(s,i,r.filter(u=>typeof u=="string"));return m`<div class="operands" ref=${o}>
${r.map((u,l)=>typeof u=="string"?m`<span class="sign" key=${l}>${u}</span>`:m`<${Cr} key=${l} ...${u} size=${c} lit=${n} result=${u===a[0]} />`)}
</div>`}function Zr(){let{session:t,cursor:e,k:n}=A(),o=F(),s=Ge(),r=e&&dn(o,e.name,e.row,e.col),a=e?Ur(s,e.name,e.row,e.col):[],i=a.length?a:r?.lit??[],{optimizer:c}=o.problem.training,u=s.formula??s.tokens.map(l=>typeof l=="string"?l:`${l.name}${l.transposed?"ᵀ":""}`).join(" ");return m`<div class="lab">
<h1 class="visually-hidden">${f("screen.lab")}</h1>
<${kr} />
<div class=${`lab-head phase-${s.phase}`}>
<div class="lab-head-text">
<p class="lab-where">
${f("s",{k:n})} · ${f("t",{e:t.epochOf(n)})} · <b class="phase-word">${f(`phase.${s.phase}`)}</b>
</p>
<h2 class="lab-equation" aria-label=${u}><${vr}
step=${s}
optimizer=${c}
output=${t.network.output}
/></h2>
<p class="lab-sentence">${Xe(t,s)}</p>
</div>
<${Fr} step=${s} />
</div>
<div class="lab-body">
<div class="lab-main">
<section class="card lab-matrices" aria-label=${f("v")}>
<${pc} open=${o} step=${s} lit=${i} />
<p class="quiet note">${f("14")}</p>
</section>
<${jr} step=${s} />
</div>
<div class="lab-side"><${qr} />${t.isRecorded?m`<${an} />`:null}</div>
</div>
</div>`}var dc={start:"M5 4v12M16 4l-8 6 8 6z",updateBack:"M10 4l-7 6 7 6zM17 4l-7 6 7 6z",back:"M14 4l-8 6 8 6z",play:"M6 3l11 7-11 7z",pause:"M6 3h3v14H6zM12 3h3v14h-3z",next:"M6 4l8 6-8 6z",updateNext:"M3 4l7 6-7 6zM10 4l7 6-7 6z",epochNext:"M3 4l8 6-8 6zM15 4v12"};function fc({name:t}){return m`<svg viewBox="0 0 20 20" aria-hidden="true" class="icon"><path d=${dc[t]} /></svg>`}function Tt({name:t,label:e,onClick:n,strong:o,disabled:s,keys:r,text:a}){return m`<button
class=${`press${o?" is-strong":""}`}
aria-label=${e}
title=${r?`${e} (${r})`:e}
data-action=${t}
disabled=${s}
onClick=${n}
>
<${fc} name=${t} />${a?m`<span class="press-text">${a}</span>`:null}
</button>`}function mc(){let{born:t,ended:e,server:n}=A();if(!t&&!e)return null;let o=()=>{T({born:null,ended:""}),e?n.send({do:"restart"}):W(1)};return m`<div class="born" role="alert" data-stopped>
${t?m`<p><b>${f("24",{name:t.name})}</b> ${f("25",{...t,value:M(t.value)})}</p>
<button class="button" onClick=${js}>${f("26")}</button>`:m`<p><b>${f("27")}</b> ${e}</p>`}
<button class="button" data-action="again" onClick=${o}>${f("28")}</button>
</div>`}function Br(){let{session:t,k:e,micro:n,unit:o,speed:s,screen:r,job:a}=A(),i=$.playing||a,c=r==="lab",{steps:u}=F(),l=F().values.get("J"),d=c?{label:f("3w"),max:u.length-1,value:n,on:h=>Rt(h),text:u[n].id}:{label:f("3x"),max:Math.max(1,t.latest.t),value:e-1,on:h=>W(h+1),text:f("3y",{n:e-1})};return m`<section class="transport" aria-busy=${a?"true":void 0} aria-label=${f("3k")}>
<${mc} />
<div class="transport-scrub">
<input
type="range"
min="0"
max=${d.max}
value=${d.value}
aria-label=${d.label}
aria-valuetext=${d.text}
onInput=${h=>d.on(Number(h.target.value))}
/>
</div>
<div class="transport-state">
<b data-updates=${e-1}>${f("3y",{n:e-1})}</b>
<span>${f("3z",{value:M(l)})}</span>
</div>
<div class="transport-presses">
<${Tt}
name="start"
label=${f("3l")}
onClick=${()=>W(1,c?0:n)}
disabled=${e===1&&(n===0||!c)}
/>
<${Tt} name="updateBack" label=${f("3r")} keys="[" onClick=${()=>Yt(-1)} disabled=${e===1} />
${c?m`<${Tt}
name="back"
label=${f("3o")}
keys="←"
onClick=${()=>qt(-1)}
disabled=${e===1&&n===0}
/>`:null}
<${Tt}
name=${i?"pause":"play"}
label=${f(i?"3n":"3m")}
keys="Space"
strong=${!0}
onClick=${()=>he()}
/>
${c?m`<${Tt} name="next" label=${f("3p")} keys="→" onClick=${()=>qt(1)} />`:null}
${c?m`<${Tt}
name="epochNext"
label=${f("3q")}
keys="Shift →"
onClick=${()=>Ve(1)}
text=${f("3q")}
/>`:null}
<${Tt}
name="updateNext"
label=${f("3s")}
keys="]"
onClick=${()=>Yt(1)}
text=${f("3s")}
/>
${c?null:m`<${Tt}
name="epochNext"
label=${f("3t")}
onClick=${Bn}
text=${f("3t")}
/>`}
</div>
<div class="transport-choices">
<label>${f("3u")}
<select value=${o} onChange=${h=>T({unit:h.target.value})}>
${(c?["micro","update","epoch"]:["update","epoch"]).map(h=>m`<option value=${h}>${f(`bar.unit.${h}`)}</option>`)}
</select>
</label>
<label>${f("3v")}
<input type="range" min="0" max="4" value=${s} onInput=${h=>T({speed:Number(h.target.value)})} />
</label>
</div>
</section>`}var hc=1500;function To({parameters:t,data:e}){let n=2166136261;for(let{data:o}of[...Object.values(t),e.X,e.Y])for(let s of new Uint32Array(o.buffer))n=Math.imul(n^s,16777619);return(n>>>0).toString(36)}var Yr=({parameters:t})=>t===$.carried?.parameters,hn=()=>$.session.log?.length?JSON.stringify($.session.log):"";function Ao(){return!Yr($.session.lesson)&&!$.session.lesson.toy?"4h":hn().length>hc?"4i":""}function $n(){let{screen:t,session:e,k:n,micro:o,cursor:s}=$,r={s:t};if(e){let{lesson:a}=e;Object.assign(r,{k:n,q:e.open(n).steps[o]?.id}),(s?.row||s?.col)&&(r.c=`${s.row},${s.col}`),Yr(a)?r.l=To(a):a.toy&&(r.n=JSON.stringify(a.toy)),hn()&&!Ao()&&(r.e=hn())}return new URLSearchParams(Object.entries(r).filter(([,a])=>a!==void 0)).toString()}function Oo(t=location.hash){let{s:e,k:n,q:o,c:s,l:r,n:a,e:i}=Object.fromEntries(new URLSearchParams(t.slice(1))),c=Number(n);return{screen:e,k:Number.isSafeInteger(c)&&c>0?c:1,id:o,cell:s?.split(",").map(Number),mark:r,toy:a&&JSON.parse(a),log:i&&JSON.parse(i)}}function Xr({screen:t,k:e,id:n,cell:o,log:s}){let{session:r}=$,a=()=>{["play","lab","home"].includes(t)&&wt(r.isRecorded&&t==="play"?"lab":t),W(e,1,()=>{let c=F().steps.findIndex(u=>u.id===n);c>=0&&W($.k,c),o?.every(Number.isInteger)&&Xt({...$.cursor,row:o[0],col:o[1]}),yt()})};if(!s||r.isRecorded||JSON.stringify(s)===hn())return a();no(s,r.lesson);let i=new pt({...r.lesson,resume:void 0});me(i.replaying(s),()=>{T({session:i}),a()})}var zr=0;function Jr(){addEventListener("hashchange",()=>location.reload()),rs(()=>{clearTimeout(zr),!$.playing&&(zr=setTimeout(()=>{try{$.job||history.replaceState(null,"",`#${$n()}`)}catch{}},300))})}var Co=t=>t.replace(/[&<>"]/g,e=>({"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;"})[e]);async function $c(){let t=s=>[...document.querySelectorAll(s)].map(r=>r.textContent).join(`
`),e=async s=>s?(await fetch(s)).text():"",n=t("style")||await e(document.querySelector('link[rel="stylesheet"]')?.getAttribute("href")),o=t("script:not([src]):not([type])")||await e(document.querySelector("script[src]")?.getAttribute("src"));return{css:n,js:o}}async function Gr(t){let e=await crypto.subtle.digest("SHA-256",new TextEncoder().encode(t));return`'sha256-${btoa(String.fromCharCode(...new Uint8Array(e)))}'`}async function gc({css:t,js:e}){let n=globalThis.crypto?.subtle?await Promise.all([Gr(e),Gr(t)]):["'unsafe-inline'","'unsafe-inline'"];return`default-src 'none'; script-src ${n[0]}; style-src ${n[1]}; img-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`}async function Vr(t){let e=await $c(),n=document.documentElement;return`<!doctype html>
<html lang="${Co(n.lang||"en")}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${Co(await gc(e))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${Co(t.title)}</title>
<style>${e.css}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="deepstep-lesson">${ge(t)}<\/script>
<script>${e.js}<\/script>
</body>
</html>
`}function Kr(t,e){let{lesson:n}=t,o=t.isRecorded||!(t.latest.t||t.log.length)?void 0:t.standing();return{...n,resume:o,place:e}}var bc=4e5,_c={null:"None",true:"True",false:"False"},At=t=>JSON.stringify(t).replace(/\b(null|true|false)\b/g,e=>_c[e]),gn=t=>`unpacked(${At(Kn(t))})`;function Qr(t,e){let{lesson:n,network:o}=t,s=t.changedFrom===1/0&&e<(n.recorded?.at(-1)?.step??0);if(t.isRecorded||s&&n.code&&!t.beginning(e))return n.code.replace(/^shown = 1\b/m,`shown = ${e+1}`);let r=t.beginning(e),a=t.state(r),{X:i,Y:c}=t.dataAt(r+1),u=i.data.length+c.data.length+t.size;if(u>bc)return`# ${u} numbers are too many for code: save the lesson instead.
`;let l=t.trainingAt(r+1),d=t.log.filter(({t:b})=>b>r&&b<=e),h=o.activations.slice(0,-1),p=a.forgotten&&j[l.optimizer].state.length,g=Object.entries(a.slots),y=Math.min(t.changedFrom-1,n.batches?.length??0);return`"""The network after ${e} updates of the page, ${r?`those after the first ${r} done again`:"done again"}; then the next one, opened."""
from deepstep import Network
from deepstep.explorer import replay, unpacked

X = ${gn(i)}
Y = ${gn(c)}
parameters = {
${Object.entries(a.parameters).map(([b,_])=>`    "${b}": ${gn(_)},`).join(`
`)}
}
network = Network(
    ${At(o.layer_dims)},
    activation=${At(h.length?h:"relu")},
    output=${At(o.output)},
    parameters=parameters,
${["output_settings","input_scale","parametric"].filter(b=>/True|:/.test(At(o[b]??0))).map(b=>`    ${b}=${At(o[b])},
`).join("")}    seed=${o.seed??1},
)
step = replay(
    network,
    X,
    Y,
    updates=${e},
    training=${At({...l,beyond:void 0})},
${d.length?`    changes=[
${d.map(b=>`        ${At(b)},
`).join("")}    ],
`:""}${y?`    drawn=${y},
`:""}${r?`    start=${r},
`:""}${g.length?`    slots={
${g.map(([b,_])=>`        "${b}": ${gn(_)},
`).join("")}    },
`:""})
${p?`# Python trained up to there: the memory of its optimizer is not known here, and begins at zero.
`:""}print(step.trace())  # every quantity; step.before are the parameters before it
`}var yc=15e4,ta=4e3,wc=t=>t.toLowerCase().replace(/[^a-z0-9]+/g,"-").replace(/^-|-$/g,"")||"deepstep";function ea(){let{session:t,k:e}=A(),[n,o]=U(""),s=Kr(t,$n()),[r]=U(()=>yc+ge(s).length),a=Qr(t,e-1),i=wc(s.title),c=async()=>{let p=await Vr(s);xo(`${i}.html`,p,"text/html"),o(f("4b",{name:`${i}.html`,size:on(new Blob([p]).size)}))},u=()=>{let p=ge(s);xo(`${i}.json`,p,"application/json"),o(f("4b",{name:`${i}.json`,size:on(p.length)}))},l=async p=>await ln(p)&&o(f("4g")),d=s.origin==="server"?"":Ao(),h=`${location.href.split("#")[0]}#${$n()}`;return m`<section>
<h3>${f("48")}</h3>
<p class="quiet">${f("49",{size:on(r)})}</p>
<div class="row">
<button class="button" data-action="export" onClick=${c}>${f("4a")}</button>
<button class="button is-quiet" onClick=${u}>${f("4c")}</button>
${s.origin==="server"||d==="4h"?null:m`<button class="button is-quiet" data-action="link" onClick=${()=>l(h)}>${f("4f")}</button>`}
</div>
${d?m`<p class="note" data-lacks>${f(d,{n:t.log.length})}</p>`:null}
</section>
<section>
<h3 id="code-title">${f("4d")}</h3>
${a.startsWith("# ")?m`<p data-code="none">${a.slice(2)}</p>`:m`<pre
class="code"
tabindex="0"
role="region"
aria-labelledby="code-title"
><code>${a.length>ta?`${a.slice(0,ta)}…`:a}</code></pre>
<button class="button is-quiet" data-action="copy-code" onClick=${()=>l(a)}>${f("4e")}</button>`}
</section>
<p role="status">${n}</p>`}var vc=1e5;function na(){let[t,e]=U([]),[n,o]=U(!1);X(()=>{let{problem:a,values:i,steps:c}=F(),u=c.filter(({phase:g})=>g==="backward").map(({id:g})=>g),l=Object.values(a.parameters).reduce((g,{data:y})=>g+y.length,0),d=Pr(a,i,u,l>vc?2:24),h=!1,p=()=>{if(h)return;let{value:g}=d.next();if(!g)return o(!0);e(y=>[...y,g]),setTimeout(p,0)};return setTimeout(p,0),()=>h=!0},[]);let s=t.filter(({passed:a})=>!a).length,r=n?s?f("1z",{n:s}):f("1y",{n:t.length}):f("20");return m`<p>${f("1r")}</p>
<div class="table-scroll">
<table class="plain" data-done=${n?"true":"false"} data-wrong=${s}>
<thead><tr><th>${f("1s")}</th><th>${f("1t")}</th><th>${f("1u")}</th><th>${f("1v")}</th></tr></thead>
<tbody>${t.map(({name:a,checked:i,of:c,difference:u,passed:l})=>m`<tr key=${a}>
<th scope="row"><${dt} name=${a} /></th><td>${i} / ${c}</td><td>${M(u,2)}</td>
<td class=${l?"is-good":"is-bad"}>${f(l?"1w":"1x")}</td>
</tr>`)}</tbody>
</table>
</div>
<p role="status"><b>${r}</b></p>`}var kc=12;function oa(){let[t,e]=U(""),n=t.trim().toLowerCase().replaceAll("'","′"),o=F().steps.filter(({id:a})=>a.toLowerCase().startsWith(n)),s=a=>{T({dialog:null}),mt({name:a,row:0,col:0})};return m`<form onSubmit=${a=>{a.preventDefault(),o.length&&s(o[0].id)}}>
<label class="field">${f("4k")}
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
${o.slice(0,kc).map(({id:a,phase:i})=>m`<li key=${a}><button
type="button"
class=${`ribbon-step phase-${i}`}
onClick=${()=>s(a)}
><${dt} name=${a} /></button></li>`)}
</ul>
${o.length?null:m`<p class="quiet">${f("4l")}</p>`}
</form>`}var xc=[["Space","4n"],["←  →","4o"],["Shift ←  →","4p"],["[  ]","4q"],["/","4r"],["?","4s"]];function Mc(){let{singleKeys:t}=A();return m`<dl class="keys">${xc.map(([e,n])=>m`<dt><kbd>${e}</kbd></dt><dd>${f(n)}</dd>`)}</dl>
<p class="quiet">${f("4t")}</p>
<p class="quiet">${f("4v")}</p>
<label class="choice"><input
type="checkbox"
checked=${t}
onChange=${e=>T({singleKeys:e.target.checked})}
/> ${f("4u")}</label>`}var Sc={help:{title:"4m",Body:Mc},find:{title:"4j",Body:oa},share:{title:"47",Body:ea},check:{title:"1p",Body:na}};function sa(){let{dialog:t}=A(),e=B(null);at(()=>{t&&!e.current.open&&e.current.showModal(),!t&&e.current.open&&e.current.close()},[t]);let{title:n,Body:o}=Sc[t]??{};return m`<dialog ref=${e} aria-labelledby="dialog-title" onClose=${()=>T({dialog:null})} onClick=${r=>r.target===e.current&&e.current.close()}>
${o?m`<div class="dialog-body">
<div class="dialog-head">
<h2 id="dialog-title">${f(n)}</h2>
<button
class="button is-quiet is-round"
aria-label=${f("7")}
onClick=${()=>e.current.close()}
>✕</button>
</div>
<${o} />
</div>`:null}
</dialog>`}var Eo=t=>`./${t}${location.search}`,aa=()=>document.getElementById("app").dataset.source==="server";async function ia(){let t=await fetch(Eo("lesson"));if(!t.ok)throw new Error("server.refused");let e=await t.json();if(tn(e),$.session.isRecorded)return;let n=new EventSource(Eo("events")),o=a=>fetch(Eo("command"),{method:"POST",headers:{"Content-Type":"application/json"},body:JSON.stringify(a)}),s=()=>{n.close(),T({server:{on:!1},playing:!1,ended:""})},r=()=>{o({do:"stop"}),s()};n.onmessage=({data:a})=>ra(JSON.parse(a),s),n.onerror=s,T({server:{on:!0,send:o,leave:r}}),e.now?.step&&ra({kind:"epoch",...e.now},s)}function ra(t,e){let{session:n}=$;if(t.kind==="closed")return e();if(t.kind==="end"){$.unit!=="micro"&&T({playing:!1}),t.why&&T({ended:t.why,playing:!1});return}let{parameters:o,slots:s}=$e({format:"deepstep-lesson",version:1,parameters:t.parameters,slots:t.slots});t.step<n.latest.t&&(n=new pt(n.lesson),T({session:n,ended:""})),t.step&&n.arrive(t.step,o,Number(t.cost),s),W(t.step+1,$.unit==="micro"?0:$.micro),yt()}function ca(){let{server:t}=A();return t?m`<p class="check" data-server=${t.on?"on":"off"}>${f(t.on?"4w":"4x")}</p>`:null}var la={home:co,play:_r,lab:Zr};function Tc(){let{check:t}=A();if(!t)return null;let e=t.difference<1e-9,n=M(t.difference,2);return m`<p
class=${`check ${e?"is-good":"is-bad"}`}
title=${f("23",{n:t.compared})}
data-difference=${String(t.difference)}
>
${e?f("21",{difference:n}):f("22",{name:t.worst,difference:n})}
</p>`}function Ac(){let{session:t}=A(),{notes:e=[]}=t.lesson,o=[...t.isRecorded?[f("8",{parts:zt(t.lesson).join(", "),numbers:t.numbers.join(", ")})]:[],...e];return o.length?m`<ul class="notes">${o.map(s=>m`<li key=${s}>${s}</li>`)}</ul>`:null}function ua(){let{screen:t,session:e,live:n,error:o}=A(),s=e?la[t]:co;return X(()=>{document.title=`${e?`${e.lesson.title} · `:""}${f(`screen.${t}`)} · ${f("0")}`,globalThis.scrollTo?.(0,0),document.activeElement===document.body&&document.getElementById("main")?.focus({preventScroll:!0})},[t,e]),m`
<a
class="skip"
href="#main"
onClick=${r=>(r.preventDefault(),document.getElementById("main").focus())}
>${f("2")}</a>
<header class="top">
<p class="brand"><span class="brand-mark" aria-hidden="true"></span>${f("0")}</p>
<nav aria-label=${f("3")} class="tabs">
${Object.keys(la).map(r=>m`<button
key=${r}
data-screen=${r}
aria-current=${t===r?"page":void 0}
disabled=${r!=="home"&&(!e||r==="play"&&e.isRecorded)}
onClick=${()=>wt(r)}
>${f(`screen.${r}`)}</button>`)}
</nav>
<${Tc} />
<${ca} />
<div class="top-actions">
${e?m`<button
class="button is-quiet"
data-open="find"
onClick=${()=>T({dialog:"find"})}
title=${`${f("6")} (/)`}
><span aria-hidden="true">⌕</span><span class="hide-narrow"> ${f("6")}</span><span class="only-narrow visually-hidden">${f("6")}</span></button>
${e.isRecorded?null:m`<button
class="button is-quiet"
data-open="check"
onClick=${()=>T({dialog:"check",playing:!1})}
>${f("1q")}</button>`}
<button
class="button"
data-open="share"
onClick=${()=>T({dialog:"share",playing:!1})}
>${f("4")}</button>`:null}
<button
class="button is-quiet is-round"
aria-label=${f("5")}
title=${`${f("5")} (?)`}
onClick=${()=>T({dialog:"help"})}
>?</button>
</div>
</header>
<main
id="main"
tabindex="-1"
class=${`screen-${t}`}
>${o?m`<p class="error" role="alert" data-error>${o}</p>`:null}${e&&t!=="home"?m`<${Ac} />`:null}<${s} /></main>
${e&&t!=="home"?m`<${Br} />`:null}
<${sa} />
<p class="visually-hidden" aria-live="polite" role="status">${n}</p>
`}var pa="input, select, textarea, [contenteditable]",Oc=`${pa}, button, summary, a`;function Cc(t){let{key:e,shiftKey:n,target:o}=t;if(e==="?")return()=>T({dialog:$.dialog==="help"?null:"help"});if($.dialog||!$.session||$.screen==="home")return null;if(e===" ")return o.closest(Oc)?null:()=>he();if(e==="/")return()=>T({dialog:"find"});if(e==="[")return()=>Yt(-1);if(e==="]")return()=>Yt(1);if($.screen!=="lab")return null;let s={ArrowLeft:-1,ArrowRight:1}[e];return!s||o.closest("pre")?null:()=>n?Ve(s):qt(s)}function da(){document.body.addEventListener("keydown",t=>{if(t.defaultPrevented||t.ctrlKey||t.metaKey||t.altKey||!$.singleKeys||t.target.closest(pa))return;let e=Cc(t);e&&(t.preventDefault(),e())})}function Ec(){let t=document.getElementById("deepstep-lesson");try{t&&tn(JSON.parse(t.textContent))}catch(e){T({session:null,screen:"home",error:en(e)})}fa()}function fa(){try{let t=Oo();if(t.toy)xt(oo(t.toy),t.screen);else if(t.mark&&$.session&&t.mark!==To($.session.lesson))throw new Error("other");let e=t.screen?t:Oo(`#${$.session?.lesson.place??""}`);$.session&&e.screen&&Xr(e)}catch(t){T({error:f("error.link",{why:en(t,f("error.copy"))})})}}async function Nc(){aa()?(await ia().catch(()=>T({error:f("error.server.refused")})),$.session&&fa()):Ec()}Nc().then(()=>{Tn(m`<${ua} />`,document.getElementById("app")),da(),Qs(),Jr(),globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change",()=>T({})),requestAnimationFrame(()=>{globalThis.deepstepReady=!0})});})();
