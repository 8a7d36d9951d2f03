/** Arguments that are secret as a whole, whatever the program passed. */
export const secretArguments = ["tenantToken", "tenantLogin"] as const;
