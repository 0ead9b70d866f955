import { nameOperation } from './operations.js';
import { stored } from './stored.js';

// GraphiQL's own key, with its name space.
const TABS = 'graphiql:tabState';

/**
 * The props that decide what GraphiQL's editors hold at first: the visitor's own tabs where there
 * are any, the examples otherwise.
 *
 * GraphiQL takes the first tab's variables from a storage key of their own, not from the tab, so
 * they'd be missing on the first visit and again after a reload without an edit. And it opens one
 * more tab when that key and the tab differ, as they do after a reload right behind an edit. Both
 * are avoided by giving it the active tab's contents as the initial ones.
 */
export function initialSession(examples) {
  const active = activeStoredTab();
  if (active) {
    return {
      initialQuery: active.query ?? undefined,
      initialVariables: active.variables ?? undefined,
    };
  }
  stored.remove(TABS);
  if (!examples.length) return {};

  const tabs = examples.map(({ title, query, variables, headers }) => ({
    query: nameOperation(query, title ?? ''),
    variables: variables || null,
    headers: headers || null,
  }));
  return {
    defaultTabs: tabs,
    initialQuery: tabs[0].query,
    initialVariables: tabs[0].variables ?? undefined,
    initialHeaders: tabs[0].headers ?? undefined,
  };
}

function activeStoredTab() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(stored.get(TABS));
    return tabs[activeTabIndex] ?? tabs[0];
  } catch {
    return null;
  }
}
