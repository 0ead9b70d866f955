/** Local storage that reads as empty, and keeps nothing, where the browser denies it. */
export const stored = {
  get: (key) => attempt(() => localStorage.getItem(key)),
  set: (key, value) => attempt(() => localStorage.setItem(key, value)),
  remove: (key) => attempt(() => localStorage.removeItem(key)),
  keys: () => attempt(() => Object.keys(localStorage)) ?? [],
};

function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
