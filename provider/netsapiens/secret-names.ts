/** Arguments that are secret as a whole, whatever the program passed. */
export const secretArguments = ["clientSecret", "apiPassword", "portal"] as const;
