import logo from './brand/sluice.svg';
import { SignInMenu } from './sign-in/SignInMenu.jsx';

/** What stands right of the tabs: what concerns the page as a whole. `signIn` may be null. */
export function Header({ title, signIn }) {
  return (
    <div className="sluice-header">
      {signIn && <SignInMenu signIn={signIn} />}
      <img src={logo} alt="" width="24" height="24" />
      <span className="sluice-title">{title}</span>
    </div>
  );
}
