/**
 * The async iterable that `start(signal)` resolves to, ended at once by `return()`.
 *
 * A generator's own `return()` waits for the value it is working on. GraphiQL calls it to stop a
 * request and when the tab changes, and would write the late answer into the tab opened since.
 */
export function abortable(start) {
  const controller = new AbortController();
  const { signal } = controller;
  const done = { done: true, value: undefined };
  let iterator;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (signal.aborted) return done;
      try {
        iterator ??= (await start(signal))[Symbol.asyncIterator]();
        const result = await iterator.next();
        return signal.aborted ? done : result;
      } catch (error) {
        if (signal.aborted) return done;
        throw error;
      }
    },
    async return() {
      controller.abort();
      // Not awaited: it ends a subscription's socket, but would wait for a fetch.
      void iterator?.return?.();
      return done;
    },
  };
}
