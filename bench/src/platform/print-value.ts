/** The one line of a measuring process. It ends there: whatever is still open goes with it and with its database. */
export const printValue = (value: number): void => {
  process.stdout.write(`${JSON.stringify({ value })}\n`, () => process.exit(0));
};
