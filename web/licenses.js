import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const NODE_MODULES = join(process.cwd(), 'node_modules');
const NOTICE_FILE = /^(licen[sc]e|copying|notice|third[-_]?party[-_]?(notices|licenses))/i;

// Published without a licence file: the text is that of a package from the same repository.
const SAME_REPOSITORY = {
  '@graphiql/plugin-doc-explorer': 'graphiql',
  '@graphiql/plugin-explorer': 'graphiql',
  '@graphiql/plugin-history': 'graphiql',
  'react-compiler-runtime': 'react',
};
// Published without a licence file: the text is that of its author's sibling package.
const SAME_AUTHOR = { 'react-remove-scroll-bar': 'react-remove-scroll' };

/**
 * Writes one file with the licence and the third-party notices of every package that has a module
 * in the bundle. Vite's own `build.license` sees neither the workers nor the notices inside
 * packages (Monaco's above all). A package without a licence text fails the build.
 */
export function licenses({ fileName }) {
  const roots = new Set();
  const collect = {
    name: 'sluice:collect-packages',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        const ids = chunk.type === 'chunk' ? Object.keys(chunk.modules) : chunk.originalFileNames;
        for (const id of ids) {
          const root = packageRoot(id);
          if (root) roots.add(root);
        }
      }
    },
  };
  return {
    worker: collect,
    main: {
      ...collect,
      name: 'sluice:licenses',
      buildStart: () => roots.clear(),
      generateBundle(options, bundle) {
        collect.generateBundle(options, bundle);
        this.emitFile({ type: 'asset', fileName, source: render([...roots].map(describe)) });
      },
    },
  };
}

function packageRoot(id) {
  // An asset's original name is relative, a module's id is not.
  const path = resolve(id.replace(/^\0/, '').split('?')[0]);
  const marker = path.lastIndexOf('node_modules/');
  if (marker < 0) return null;
  const start = marker + 'node_modules/'.length;
  const parts = path.slice(start).split('/');
  const name = parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/');
  const root = path.slice(0, start) + name;
  return existsSync(join(root, 'package.json')) ? root : null;
}

function describe(root) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  let files = noticeFiles(root);
  if (!files.length) {
    const standIn = SAME_REPOSITORY[name] ?? SAME_AUTHOR[name];
    files = standIn ? noticeFiles(join(NODE_MODULES, standIn)) : [];
  }
  if (!files.length) throw new Error(`${name} is in the bundle but has no licence file`);
  return { name, version, license, texts: files.map((file) => normalise(readFileSync(file, 'utf8'))) };
}

function noticeFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && NOTICE_FILE.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();
}

function normalise(text) {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .trim();
}

function render(packages) {
  const key = ({ name, version }) => `${name}@${version}`;
  packages.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const rule = '='.repeat(80);
  const parts = packages.map(
    ({ name, version, license, texts }) =>
      `${rule}\n${name} ${version} (${license})\n${rule}\n\n${texts.join('\n\n')}\n`,
  );
  return `The GraphiQL page of Sluice contains the following software.\n\n${parts.join('\n')}`;
}
