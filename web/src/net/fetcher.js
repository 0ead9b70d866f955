import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { isExplaining } from '../session/explain.js';
import { operationNameFor, parseDocument } from '../session/operations.js';
import { abortable } from './abortable.js';
import { jsonFetch } from './json-fetch.js';

const ACCEPT = 'application/graphql-response+json, application/json';
const ACCEPT_PARTS = `${ACCEPT}, multipart/mixed`;

/** GraphiQL's fetcher for `config`. Make it once: GraphiQL introspects again for each new one. */
export function createFetcher(config) {
  return (params, options = {}) => {
    // GraphiQL awaits one answer to an introspection, and offers no way to stop it.
    if (params.operationName === 'IntrospectionQuery') return send(config, params, options);

    const document = parseDocument(params.query);
    const operationName = operationNameFor(document, params.operationName);
    const explain = config.explain && isExplaining();
    const request = {
      ...params,
      operationName,
      ...(explain && { extensions: { ...params.extensions, explain: true } }),
    };
    // Without a document the toolkit takes no operation for a subscription.
    const fresh = { ...options, documentAST: document ?? undefined };
    return abortable((signal) => send(config, request, fresh, signal));
  };
}

function send(config, request, options, signal) {
  const fetcher = createGraphiQLFetcher({
    url: config.endpoint,
    headers: { accept: isIncremental(request.query) ? ACCEPT_PARTS : ACCEPT },
    fetch: (url, init) => jsonFetch(url, { ...init, signal }),
    // Not a client of our own: the toolkit sends the headers as connection parameters only when it
    // makes the client itself.
    ...(config.subscriptionUrl && { subscriptionUrl: config.subscriptionUrl }),
  });
  return fetcher(request, options);
}

function isIncremental(query) {
  return /@(defer|stream)\b/.test(query);
}
