/** Cut-paper pictures: discs, tiles, waves, teeth, chevrons. */
import { path, range, type Motif, type Point } from "./motif";

/** Two half discs that face, or turn from, one another. */
export const halves: Motif = ({ width, height, palette, random }) => {
  const r = Math.min(width * 0.42, height * 0.44);
  const [cx, cy] = [width / 2, height / 2];
  const shift = r * random.between(0.12, 0.5) * (random.chance(0.5) ? 1 : -1);
  const upright = random.chance(0.6);
  return (
    <g transform={upright ? undefined : `rotate(90 ${cx} ${cy})`}>
      <path d={`M${cx - 1.5} ${cy - r + shift}a${r} ${r} 0 0 0 0 ${2 * r}z`} fill={palette.one} />
      <path d={`M${cx + 1.5} ${cy - r - shift}a${r} ${r} 0 0 1 0 ${2 * r}z`} fill={palette.two} />
    </g>
  );
};

export const venn: Motif = ({ width, height, palette, random }) => {
  const r = Math.min(width * 0.32, height * 0.4);
  const reach = r * random.between(0.45, 0.7);
  const tilt = random.between(-0.5, 0.5) * r;
  const [cx, cy] = [width / 2, height / 2];
  return (
    <>
      <circle cx={cx - reach} cy={cy + tilt} r={r} fill={palette.one} />
      <circle cx={cx + reach} cy={cy - tilt} r={r} fill={palette.two} />
      <path d={lens([cx - reach, cy + tilt], [cx + reach, cy - tilt], r)} fill={palette.ink} />
    </>
  );
};

/** Where two discs of one radius overlap. */
function lens([ax, ay]: Point, [bx, by]: Point, r: number): string {
  const [mx, my, dx, dy] = [(ax + bx) / 2, (ay + by) / 2, bx - ax, by - ay];
  const half = Math.hypot(dx, dy) / 2;
  const rise = Math.sqrt(Math.max(0, r * r - half * half)) / (2 * half || 1);
  const top = `${(mx - dy * rise).toFixed(1)} ${(my + dx * rise).toFixed(1)}`;
  const foot = `${(mx + dy * rise).toFixed(1)} ${(my - dx * rise).toFixed(1)}`;
  return `M${top}A${r} ${r} 0 0 1 ${foot}A${r} ${r} 0 0 1 ${top}Z`;
}

/** Quarter discs and dots on a square grid. */
export const tiles: Motif = ({ width, height, palette, random }) => {
  const across = random.integer(3, 4);
  const side = width / across;
  const inks = [palette.one, palette.two, palette.ink] as const;
  return (
    <>
      {range(across * Math.ceil(height / side)).map((i) => {
        const [x, y] = [(i % across) * side, Math.floor(i / across) * side];
        const ink = random.pick(inks);
        const turn = `rotate(${random.integer(0, 3) * 90} ${x + side / 2} ${y + side / 2})`;
        const kind = random.integer(0, 3);
        if (kind === 0) return <circle key={i} cx={x + side / 2} cy={y + side / 2} r={side * 0.36} fill={ink} />;
        if (kind === 1) {
          return <path key={i} transform={turn} d={`M${x} ${y}h${side}a${side} ${side} 0 0 1 ${-side} ${side}z`} fill={ink} />;
        }
        if (kind === 2) return <path key={i} transform={turn} d={path([[x, y], [x + side, y], [x, y + side]])} fill={ink} />;
        return (
          <path key={i} transform={turn} d={`M${x} ${y}v${side}a${side / 2} ${side / 2} 0 0 0 0 ${-side}`} fill={ink} />
        );
      })}
    </>
  );
};

/** Rows of nested half circles: a laugh, a row of seats, scales. */
export const scallops: Motif = ({ width, height, palette, random }) => {
  const across = random.integer(2, 3);
  const r = width / across / 2;
  const rows = Math.ceil(height / r) + 1;
  const inks = [palette.one, palette.ground, palette.two, palette.ground] as const;
  return (
    <>
      {range(rows).map((row) =>
        range(across + 1).map((column) => {
          const cx = (column + (row % 2 ? 0 : 0.5)) * 2 * r;
          return inks.map((ink, k) => (
            <circle key={`${row}-${column}-${k}`} cx={cx} cy={row * r} r={r * (1 - k * 0.25)} fill={ink} />
          ));
        }),
      )}
    </>
  );
};

/** One big smile, or sunrise: half circles inside one another. */
export const smile: Motif = ({ width, height, palette, random }) => {
  const outer = Math.min(width * 0.47, height * 0.86);
  const bands = random.integer(3, 5);
  const up = random.chance(0.4);
  const y = up ? height * 0.5 + outer * 0.5 : height * 0.5 - outer * 0.5;
  const inks = [palette.one, palette.two, palette.ink] as const;
  return (
    <>
      {range(bands).map((i) => {
        const r = outer * (1 - i / bands);
        const d = `M${width / 2 - r} ${y}a${r} ${r} 0 0 ${up ? 1 : 0} ${2 * r} 0z`;
        return <path key={i} d={d} fill={inks[i % 3] ?? palette.one} />;
      })}
    </>
  );
};

export const teeth: Motif = ({ width, height, palette, random }) => {
  const row = (count: number, depth: number, down: boolean) => {
    const edge = down ? 0 : height;
    const points: Point[] = [[0, edge]];
    for (const i of range(count)) {
      const long = depth * random.between(0.5, 1);
      points.push([((i + 0.5) * width) / count, edge + (down ? long : -long)], [((i + 1) * width) / count, edge]);
    }
    return path(points);
  };
  const r = Math.min(width, height) * 0.16;
  return (
    <>
      <circle cx={width / 2} cy={height / 2} r={r * 1.7} fill={palette.two} />
      <circle cx={width / 2} cy={height / 2} r={r * random.between(0.4, 0.9)} fill={palette.ground} />
      <path d={row(random.integer(6, 9), height * 0.46, true)} fill={palette.one} />
      <path d={row(random.integer(6, 9), height * 0.46, false)} fill={palette.one} />
    </>
  );
};

export const chevrons: Motif = ({ width, height, palette, random }) => {
  const count = random.integer(3, 5);
  const pitch = height / count;
  const drop = pitch * random.between(0.8, 1.3);
  return (
    <>
      {range(count + 2).map((i) => {
        const y = (i - 1.4) * pitch;
        const band: Point[] = [
          [0, y], [width / 2, y + drop], [width, y],
          [width, y + pitch * 0.55], [width / 2, y + drop + pitch * 0.55], [0, y + pitch * 0.55],
        ];
        return <path key={i} d={path(band)} fill={i % 3 === 1 ? palette.two : palette.one} />;
      })}
    </>
  );
};

/** A theatre curtain, half drawn. */
export const curtain: Motif = ({ width, height, palette, random }) => {
  const folds = random.integer(7, 9);
  const fold = width / folds;
  const gap = random.integer(1, 2);
  const middle = random.integer(2, folds - 2 - gap);
  return (
    <>
      {range(folds).map((i) => {
        const open = i >= middle && i < middle + gap;
        const long = open ? height : height * random.between(0.86, 0.97);
        const d = `M${i * fold} 0h${fold}v${long - fold / 2}a${fold / 2} ${fold / 2} 0 0 1 ${-fold} 0z`;
        return <path key={i} d={d} fill={open ? palette.two : i % 2 ? palette.one : palette.ink} />;
      })}
    </>
  );
};
