// First: what follows creates styles as it loads.
import './csp/inline-styles.js';
import './workers.js';

import { createRoot } from 'react-dom/client';

// Each package's own sheet: graphiql/style.css has fonts embedded.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './brand/theme.css';

import { App } from './App.jsx';
import { readConfig } from './config.js';

createRoot(document.getElementById('root')).render(<App config={readConfig()} />);
