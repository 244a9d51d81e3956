// In the place of a module that holds only types.
export {};
