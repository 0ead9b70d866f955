import { useState } from 'react';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL } from 'graphiql';
import { EditorOptions } from './EditorOptions.jsx';
import { Header } from './Header.jsx';
import { createFetcher } from './net/fetcher.js';
import { initialSession } from './session/initial.js';
import { graphiqlStorage } from './session/storage.js';
import { HeadersHint } from './sign-in/HeadersHint.jsx';
import { createSignIn } from './sign-in/sign-in.js';
import { tools } from './toolbar/tools.jsx';

const PLUGINS = [explorerPlugin(), HISTORY_PLUGIN];

/** The page. `config` is what readConfig() gives, and must not change. */
export function App({ config }) {
  const [signIn] = useState(() => config.signIn && createSignIn(config.signIn));
  const [fetcher] = useState(() => createFetcher(config, signIn));
  const [session] = useState(() => initialSession(config.examples));
  const [toolbar] = useState(() => tools(config));
  // GraphiQL finds its slots by the type of its direct children: no component of ours may wrap
  // GraphiQL.Logo or GraphiQL.Toolbar.
  return (
    <GraphiQL
      {...session}
      fetcher={fetcher}
      plugins={PLUGINS}
      storage={graphiqlStorage}
      // Headers carry tokens, which have no place in local storage.
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>
        <Header title={config.title} signIn={signIn} />
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>{toolbar}</GraphiQL.Toolbar>
      <EditorOptions />
      {signIn && <HeadersHint signIn={signIn} />}
    </GraphiQL>
  );
}
