/** The words on the wire: bodies, error codes, the parameter-name grammar. */
export * from "./bodies.ts";
export {
  MAX_LEVELS,
  MAX_NAME_LENGTH,
  MAX_RAW_LENGTH,
  parseParameterName,
} from "./parameter-name.ts";
export {
  PROBLEMS,
  type ProblemCode,
  ProblemError,
  type ProblemOptions,
  problemType,
} from "./problems.ts";
