/**
 * What the server wrote into the page, with every optional part filled in:
 * `{endpoint, subscriptionUrl, title, examples: [{title, query, variables, headers}], explain}`.
 * Both addresses are absolute; `subscriptionUrl` is null where the server offers none.
 */
export function readConfig() {
  const written = JSON.parse(document.getElementById('config').textContent);
  return {
    endpoint: new URL(written.endpoint, document.baseURI).href,
    subscriptionUrl: written.subscriptionUrl ? socketUrl(written.subscriptionUrl) : null,
    title: written.title || 'GraphiQL',
    examples: written.examples ?? [],
    explain: written.explain === true,
  };
}

function socketUrl(address) {
  const url = new URL(address, document.baseURI);
  // http: becomes ws:, https: becomes wss:.
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}
