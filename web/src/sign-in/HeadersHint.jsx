import { useEffect } from 'react';
import { useGraphiQL } from '@graphiql/react';
import { useSignIn } from './sign-in.js';

const SHOWN = 24;

/**
 * Shows in the empty headers editor which header the menu "Signed in as" adds. A hint and not the
 * editor's text: that belongs to the person, to the tab and, once run, to GraphiQL's history.
 */
export function HeadersHint({ signIn }) {
  const editor = useGraphiQL((state) => state.headerEditor);
  const state = useSignIn(signIn);
  useEffect(() => {
    editor?.updateOptions({ placeholder: hint(state) });
  }, [editor, state]);
  return null;
}

function hint({ chosen: { label }, authorization }) {
  if (authorization === undefined) return '';
  if (authorization === null) return `Signed in as “${label}”: no Authorization header is sent.`;
  const header = { Authorization: `${authorization.slice(0, SHOWN)}…` };
  return `${JSON.stringify(header)}\nSent as “${label}”, until you write another here.`;
}
