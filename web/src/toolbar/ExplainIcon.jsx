/** A plan: one root and what it leads to. */
export function ExplainIcon() {
  return (
    <svg
      className="graphiql-toolbar-icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      aria-hidden="true"
    >
      <rect x="7" y="1.75" width="6" height="4.5" rx="1" />
      <rect x="1.75" y="13.75" width="6" height="4.5" rx="1" />
      <rect x="12.25" y="13.75" width="6" height="4.5" rx="1" />
      <path d="M10 6.250V10M4.75 13.750V10h10.500v3.75" />
    </svg>
  );
}
