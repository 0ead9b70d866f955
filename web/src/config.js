/**
 * What the server wrote into the page, with every optional part filled in:
 * `{endpoint, subscriptionUrl, title, examples: [{title, query, variables, headers}], explain,
 * signIn: {url, identities: [{name, label}], initial}}`.
 * The addresses are absolute; `subscriptionUrl` and `signIn` are null where the server offers none.
 */
export function readConfig() {
  const written = JSON.parse(document.getElementById('config').textContent);
  return {
    endpoint: new URL(written.endpoint, document.baseURI).href,
    subscriptionUrl: written.subscriptionUrl ? socketUrl(written.subscriptionUrl) : null,
    title: written.title || 'GraphiQL',
    examples: written.examples ?? [],
    explain: written.explain === true,
    signIn: written.signIn ? signIn(written.signIn) : null,
  };
}

function signIn({ url, identities, default: initial }) {
  return { url: new URL(url, document.baseURI).href, identities, initial };
}

function socketUrl(address) {
  const url = new URL(address, document.baseURI);
  // http: becomes ws:, https: becomes wss:.
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}
