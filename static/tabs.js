// One desk at a time: two tabs would show the same comparisons, and the second answer would replace the first.

const AGAIN = 400;

/** The name of a desk. @param {string} person @param {string} project */
export const deskOf = (person, project) => `touchstone.desk.${person}.${project}`;

/** Whether any tab has the name. @param {string} name @returns {Promise<boolean>} */
export async function isTaken(name) {
  const found = await navigator.locks?.query();
  return Boolean(found?.held.some((lock) => lock.name === name));
}

/**
 * Takes the name for this tab as soon as that may be.
 * @param {string} name
 * @param {{taken: () => void, mine: (later: boolean) => void}} told whenever another tab has it, and when this one does: at
 *   once, or later
 * @returns {() => void} takes it from the other tab
 */
export function alone(name, told) {
  if (!navigator.locks) {
    told.mine(false);
    return () => {};
  }
  let later = false;
  const taken = () => {
    later = true;
    told.taken();
    wait();
  };
  const hold = (lock) => {
    if (!lock) return false;
    told.mine(later);
    return new Promise(() => {}); // until the page goes, or another tab takes it
  };
  const ask = async (options) => {
    try {
      return await navigator.locks.request(name, options, hold);
    } catch {
      taken(); // from this one
      return true;
    }
  };
  const wait = () => ask({});
  (async () => {
    if ((await ask({ ifAvailable: true })) !== false) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN)); // a page that is being left lets go a moment later
    if ((await ask({ ifAvailable: true })) !== false) return;
    taken();
  })();
  return () => ask({ steal: true });
}
