/**
 * Lets Monaco run under a CSP without 'unsafe-inline': the `<style>` elements it creates get the
 * page's nonce, and the style attributes in the HTML it writes are applied through CSSOM, which
 * the policy does not restrict. Must be imported before any other module.
 */
const PARKED = 'data-inline-style';
const TAG = /<[a-z][^\s/>]*(?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const STYLE_OUTSIDE_QUOTES = /"[^"]*"|'[^']*'|(\s)style(?=\s*=)/gi;

const nonce = document.querySelector('meta[property="csp-nonce"]')?.nonce ?? '';

const createElement = Document.prototype.createElement;
Document.prototype.createElement = function (...args) {
  const element = createElement.apply(this, args);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};

const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (String(name).toLowerCase() === 'style' && this.style) this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

const innerHTML = Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML');
Object.defineProperty(Element.prototype, 'innerHTML', {
  ...innerHTML,
  set(html) {
    innerHTML.set.call(this, park(html));
    unpark(this);
  },
});

const insertAdjacentHTML = Element.prototype.insertAdjacentHTML;
Element.prototype.insertAdjacentHTML = function (position, html) {
  insertAdjacentHTML.call(this, position, park(html));
  unpark(this.parentElement ?? this);
};

// Only inside tags: the text between them may well say ` style=`.
function park(html) {
  const text = html === null ? '' : String(html);
  if (!/\sstyle\s*=/i.test(text)) return html;
  return text.replace(TAG, (tag) =>
    tag.replace(STYLE_OUTSIDE_QUOTES, (part, space) => (space ? `${space}${PARKED}` : part)),
  );
}

function unpark(root) {
  for (const element of root.querySelectorAll(`[${PARKED}]`)) {
    element.style.cssText = element.getAttribute(PARKED);
    element.removeAttribute(PARKED);
  }
}
