import { useSyncExternalStore } from 'react';
import { stored } from './stored.js';

const KEY = 'sluice:explain';

const listeners = new Set();
let on = stored.get(KEY) === 'true';

/** Whether requests ask for an explanation. Read at each request, so GraphiQL's fetcher can stay
 * the same function: a new one makes it introspect again. */
export function isExplaining() {
  return on;
}

/** `[on, toggle]`, for a component. */
export function useExplain() {
  return [useSyncExternalStore(subscribe, isExplaining), toggle];
}

function toggle() {
  on = !on;
  stored.set(KEY, String(on));
  for (const listener of listeners) listener();
}

function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
