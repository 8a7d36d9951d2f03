/**
 * The line of code that every resource of this package carries in its state, as the
 * property `__provider`.
 *
 * It loads the installed package when it is called, so nothing is captured into the
 * state. A fix therefore reaches resources of an older release, on refresh and destroy
 * too. The engine keeps the line twice for each resource and runs it later from the
 * state: **it is wire format**. Lines of earlier releases are in states, and earlier
 * releases run this line: what it imports and calls stays as it is.
 *
 * `configure` must not await: the host caches a provider before its `configure` has ended.
 */
export function loaderLine(type: string): string {
  return [
    "let c,p={configure(r){c=r.config}};",
    "for(let m of'check diff create read update delete'.split(' '))",
    `p[m]=(...a)=>import('pulumi-ucaas/host').then(h=>h.call('${type}',m,a,c));`,
    "exports.handler=()=>p",
  ].join("");
}
