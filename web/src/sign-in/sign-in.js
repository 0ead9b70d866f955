import { useSyncExternalStore } from 'react';
import { storedForSession } from '../session/stored.js';

const KEY = 'sluice:signed-in-as';
// A token that ends sooner is renewed: the request takes its time too.
const MARGIN = 30_000;

/**
 * Whom requests are made as: one of the identities that the server offers, at first the one chosen
 * before in this tab. Its token is held in memory alone, and renewed when it is about to end.
 * `config` is the `signIn` of readConfig().
 */
export function createSignIn({ url, identities, initial }) {
  const listeners = new Set();
  const find = (name) => identities.find((identity) => identity.name === name);
  let state = {
    chosen: find(storedForSession.get(KEY)) ?? find(initial),
    authorization: undefined,
    failure: null,
  };
  let renewAt = 0;
  let asked = null;

  function update(change) {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  }

  async function ask(identity) {
    // Who asked gets an answer for this identity, also when another has been chosen since.
    const isChosen = () => identity === state.chosen;
    const start = Date.now();
    try {
      const { token, expiresIn } = await requestToken(url, identity.name);
      const authorization = token === null ? null : `Bearer ${token}`;
      if (isChosen()) {
        renewAt = start + expiresIn * 1000 - MARGIN;
        update({ authorization, failure: null });
      }
      return authorization;
    } catch (error) {
      const reason = `Signing in as “${identity.label}” failed: ${error.message}`;
      const failure = `${reason} Choose it again to retry.`;
      if (isChosen()) update({ authorization: undefined, failure });
      throw new Error(failure);
    } finally {
      if (isChosen()) asked = null;
    }
  }

  return {
    identities,

    /** `{chosen, authorization, failure}`: the identity, the header it was last given (null if it
     * has none, undefined until that is known), and what kept it from getting one. Another object
     * after each change. */
    state: () => state,

    /** Calls `listener` after each change of the state, until what it returns is called. */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    choose(name) {
      storedForSession.set(KEY, name);
      renewAt = 0;
      asked = null;
      update({ chosen: find(name), authorization: undefined, failure: null });
    },

    /** The value to send as the `Authorization` header, or null for who has none. Throws where
     * the server gives none: a request must not go out as somebody else then. */
    async authorization() {
      if (Date.now() < renewAt) return state.authorization;
      asked ??= ask(state.chosen);
      return asked;
    },

    /** Has the token renewed before the next request, for the server no longer takes it. */
    refused(authorization) {
      if (authorization === state.authorization) renewAt = 0;
    },
  };
}

/** The state of `signIn`, for a component. */
export function useSignIn(signIn) {
  return useSyncExternalStore(signIn.subscribe, signIn.state);
}

async function requestToken(url, name) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ as: name }),
  }).catch((error) => {
    throw new Error(`${error.message}. Is the server running?`);
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) {
    throw new Error(answer?.errors?.[0]?.message ?? `the server answered HTTP ${response.status}.`);
  }
  return answer;
}
