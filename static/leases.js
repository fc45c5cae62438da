// What is leased to this person, renewed and filled up, as the server has it.

/** @typedef {{id: number, lease_token: string, html: string}} Lease */
/** @typedef {{assignments: Lease[], asks_since: string | null, guidelines: number}} Leased with what the project asks by now */

/** @param {string} project @param {string} person @param {number} count how many to have @returns {Promise<Leased | "signed-out" | null>} null when the server cannot say */
export async function renewed(project, person, count) {
  try {
    const response = await fetch(`/api/v1/projects/${project}/assignments?render=1`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Touchstone-Person": person, "Accept-Language": document.documentElement.lang },
      body: JSON.stringify({ count, resume: true }),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.status === 401 || response.status === 403) return "signed-out";
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Whether the page is older than what it asks, or than what it tells people to go by. @param {DOMStringMap} page @param {Leased} by now @returns {string} words for it, "" when it is not */
export function outdated(page, { asks_since, guidelines }) {
  const time = (written) => Date.parse(written) || 0;
  if (time(page.asksSince) !== time(asks_since)) return "asks-changed";
  return Number(page.guidelines) !== guidelines ? "guidelines-changed" : "";
}
