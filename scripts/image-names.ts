/** MADs of the group; each has an image, `mad/NAME`. */
export const MAD_IMAGES = ['grace', 'fiedler', 'rogers', 'sequential-thinking'] as const;
export const IMAGES = [...MAD_IMAGES, 'operator'] as const;
