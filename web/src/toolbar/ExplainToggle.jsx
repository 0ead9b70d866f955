import { ToolbarButton } from '@graphiql/react';
import { useExplain } from '../session/explain.js';
import { ExplainIcon } from './ExplainIcon.jsx';

/** Switches the explanation of answers on and off; the choice outlives the page. */
export function ExplainToggle() {
  const [on, toggle] = useExplain();
  return (
    <ToolbarButton
      label="Explain: show how each answer was made, under extensions"
      aria-pressed={on}
      className="sluice-explain"
      onClick={toggle}
    >
      <ExplainIcon />
    </ToolbarButton>
  );
}
