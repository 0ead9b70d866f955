import { ChevronDownIcon, DropdownMenu, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { hasTypedCredential } from './credentials.js';
import { useSignIn } from './sign-in.js';

/** Says whom requests are made as, and offers the others. */
export function SignInMenu({ signIn }) {
  const { chosen, failure } = useSignIn(signIn);
  const { introspect, stop } = useGraphiQLActions();
  const overridden = useGraphiQL(({ tabs, activeTabIndex }) =>
    hasTypedCredential(tabs[activeTabIndex]?.headers),
  );

  function choose(name) {
    // What is still running runs as somebody else.
    stop();
    signIn.choose(name);
    // Who asks decides what the schema shows.
    void introspect();
  }

  return (
    <div className="sluice-sign-in">
      <DropdownMenu>
        <DropdownMenu.Button type="button" className="sluice-sign-in-button">
          <span className="sluice-sign-in-caption">Signed in as</span>
          <span>{overridden ? "this tab's own header" : chosen.label}</span>
          <ChevronDownIcon aria-hidden="true" />
        </DropdownMenu.Button>
        <DropdownMenu.Content align="end" className="sluice-sign-in-menu">
          {signIn.identities.map(({ name, label }) => (
            <DropdownMenu.Item
              key={name}
              role="menuitemradio"
              aria-checked={name === chosen.name}
              className="sluice-identity"
              onSelect={() => choose(name)}
            >
              {label}
            </DropdownMenu.Item>
          ))}
          {overridden && (
            <p className="sluice-sign-in-note">
              This tab has a credential of its own under Headers, which is sent instead.
            </p>
          )}
        </DropdownMenu.Content>
      </DropdownMenu>
      {/* There from the start: readers of screens announce what changes in it. */}
      <div role="alert" className="sluice-sign-in-failure">
        {overridden ? null : failure}
      </div>
    </div>
  );
}
