const EXCERPT = 500;

/**
 * `fetch` for GraphQL: its answer is always a JSON object or a multipart stream. A failure of the
 * network and an answer of any other kind become `{"errors": [{"message": …}]}`, for GraphiQL
 * would show no more of them than "Failed to fetch" or "Unexpected token". An abort still throws.
 */
export async function jsonFetch(url, init) {
  let response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    return failure(`No answer from ${pathOf(url)}: ${error.message}. Is the server running?`);
  }
  if (contentType(response) === 'multipart/mixed') return response;

  let text;
  try {
    text = await response.text();
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    return failure(`The answer from ${pathOf(url)} broke off: ${error.message}.`);
  }
  if (isJsonObject(text)) return new Response(text, response);
  return failure(
    `The answer from ${pathOf(response.url || url)} is not GraphQL: HTTP ${status(response)}, ` +
      `${contentType(response) || 'no content type'}${text ? '' : ', empty'}.`,
    { status: response.status, ...(text && { body: excerpt(text) }) },
  );
}

function failure(message, extensions) {
  return Response.json({ errors: [{ message, ...(extensions && { extensions }) }] });
}

function isJsonObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function contentType(response) {
  return (response.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
}

function status({ status: code, statusText }) {
  return statusText ? `${code} ${statusText}` : `${code}`;
}

function excerpt(text) {
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
}

function pathOf(url) {
  return new URL(url, document.baseURI).pathname;
}
