import logo from './brand/sluice.svg';

/** What stands right of the tabs. Room for whatever concerns the page as a whole. */
export function Header({ title }) {
  return (
    <div className="sluice-header">
      <img src={logo} alt="" width="24" height="24" />
      <span className="sluice-title">{title}</span>
    </div>
  );
}
