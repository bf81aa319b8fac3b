/** Images are not pulled here; whether one would come is played: by its name, and by switches. */
import { isLike } from "../faults/glob.ts";

export interface ImageFault {
  /** Of the image; `*` stands for any characters. */
  readonly image: string;
  /** Such as `ErrImagePull`, which becomes `ImagePullBackOff`, or `ErrImageNeverPull`. */
  readonly reason: string;
  readonly message: string;
}

export interface ImageTrouble {
  readonly reason: string;
  readonly message: string;
}

const HOST =
  "(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?";
const PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
/** distribution's grammar of references. */
const REFERENCE = new RegExp(
  `^(?:${HOST}/)?${PART}(?:/${PART})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

export function imageTrouble(
  image: string,
  faults: readonly ImageFault[],
): ImageTrouble | undefined {
  if (!REFERENCE.test(image)) {
    const message = `Failed to apply default image tag "${image}": couldn't parse image reference "${image}": invalid reference format`;
    return { reason: "InvalidImageName", message };
  }
  return faults.find((fault) => isLike(fault.image, image));
}

/** A shell and its usual tools, and nothing else. */
export const isToolsAlone = (image: string): boolean =>
  /^(?:docker\.io\/)?(?:library\/)?busybox(?:[:@].*)?$/.test(image);
