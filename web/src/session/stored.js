/** Local storage that reads as empty, and keeps nothing, where the browser denies it. */
export const stored = forgiving(() => localStorage);

/** The same over the storage that ends with the browser's tab. */
export const storedForSession = forgiving(() => sessionStorage);

function forgiving(storage) {
  return {
    get: (key) => attempt(() => storage().getItem(key)),
    set: (key, value) => attempt(() => storage().setItem(key, value)),
    remove: (key) => attempt(() => storage().removeItem(key)),
    keys: () => attempt(() => Object.keys(storage())) ?? [],
  };
}

function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
