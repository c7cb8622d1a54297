// The planner's page, until its issue brings it: says what is not there yet.
export default function PlannerPage() {
  return (
    <div class="page">
      <header>
        <h1>Planner</h1>
      </header>
      <p class="card" data-test="not-yet">
        This page arrives with its issue: studies of hosting capacity, reliability and investment, beside the network they are about. Nothing is shown here until then.
      </p>
    </div>
  );
}
