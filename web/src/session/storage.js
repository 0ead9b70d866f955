import { stored } from './stored.js';

const NAME_SPACE = 'graphiql:';
// Lists of operations that were run, under `{"queries": […]}` and `{"favorites": […]}`.
const HISTORY = new Set([`${NAME_SPACE}queries`, `${NAME_SPACE}favorites`]);

/**
 * Where GraphiQL keeps what outlives the page. Its history keeps the headers of every request
 * whatever `shouldPersistHeaders` says, so tokens would land in local storage: they are left out.
 */
export const graphiqlStorage = {
  getItem: stored.get,
  removeItem: stored.remove,
  // Throws like the original: GraphiQL makes room when the quota is used up.
  setItem: (key, value) => localStorage.setItem(key, HISTORY.has(key) ? withoutHeaders(value) : value),
  clear: () => ownKeys().forEach(stored.remove),
  get length() {
    return ownKeys().length;
  },
};

function withoutHeaders(history) {
  return JSON.stringify(JSON.parse(history), (name, value) =>
    name === 'headers' ? undefined : value,
  );
}

function ownKeys() {
  return stored.keys().filter((key) => key.startsWith(NAME_SPACE));
}
