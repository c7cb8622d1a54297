// The DER page, until its issue brings it: says what is not there yet.
export default function DerPage() {
  return (
    <div class="page">
      <header>
        <h1>DER fleet</h1>
      </header>
      <p class="card" data-test="not-yet">
        This page arrives with its issue: fleets, operating envelopes, dispatch and demand response. Nothing is shown here until then.
      </p>
    </div>
  );
}
