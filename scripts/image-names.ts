/** Services that have an image, `mad/NAME`. */
export const IMAGES = ['grace', 'fiedler', 'rogers', 'sequential-thinking'] as const;
