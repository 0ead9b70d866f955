import { Kind, parse } from 'graphql';

/** The text as a GraphQL document, or null while it is not one. */
export function parseDocument(text) {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** The document's operations, in order. */
export function operationsOf(document) {
  return document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
}

/**
 * The name to send with a document. GraphiQL's own may be that of the text as it stood 100 ms ago
 * or of the tab before: it counts only where the document has such an operation, and the first
 * operation's name is taken otherwise.
 */
export function operationNameFor(document, chosen) {
  const names = document ? operationsOf(document).map(({ name }) => name?.value) : [];
  return names.includes(chosen) ? chosen : names[0];
}

/**
 * The query with a name, made of `title`, for its operation where that is the only one and has
 * none: GraphiQL titles a tab by it, and calls the tab "<untitled>" without.
 */
export function nameOperation(query, title) {
  const document = parseDocument(query);
  const operations = document ? operationsOf(document) : [];
  const name = nameFrom(title);
  if (operations.length !== 1 || operations[0].name || !name) return query;

  const { operation, loc } = operations[0];
  const shorthand = query[loc.start] === '{';
  const head = query.slice(0, loc.start);
  const rest = query.slice(shorthand ? loc.start : loc.start + operation.length);
  return `${head}${operation} ${name}${shorthand ? ' ' : ''}${rest}`;
}

function nameFrom(title) {
  const words = title.match(/[A-Za-z0-9]+/g) ?? [];
  const name = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  return /^\d/.test(name) ? `Example${name}` : name;
}
