/*
 * What an Imperator adds to the words of its model. It stands here since a recorded model takes it off
 * again, and knows an Imperator only by the events of its tasks.
 */

/** Name of the tool by which a model asks for a plan. */
export const PLANNING_TOOL = 'sequential_thinking';

/** Stands between a request and the plan that was made for it. */
export const PLAN_LEAD = 'Sequential Thinking has made this plan for the request above:';

/** What the answer itself says where it was made without the plan that it should have had. */
export const withoutPlanNotice = (note: string): string =>
  `(${note} This answer was made without a plan.)\n\n`;

/** Such a notice behind what was said before. */
export const noticeBehind = (answered: string, notice: string): string =>
  answered === '' ? notice : `\n\n${notice}`;

/** What parts the text of a round from what was said before it. */
export const jointBehind = (answered: string): string =>
  answered !== '' && !/\n\s*$/.test(answered) ? '\n\n' : '';
