/** A product's picture, drawn: an SVG of 400 by 300 on a ground of its own colour. */
interface Drawing {
  readonly ground: readonly [string, string];
  readonly shapes: string;
}

const drawings: Readonly<Record<string, Drawing>> = {
  'enamel-mug': {
    ground: ['#dbe7ef', '#b9d0de'],
    shapes: `
      <ellipse cx="196" cy="238" rx="86" ry="12" fill="#17324d" opacity=".16"/>
      <path d="M262 124c46-6 56 74-4 78" fill="none" stroke="#f7f5ef" stroke-width="15" stroke-linecap="round"/>
      <path d="M262 124c46-6 56 74-4 78" fill="none" stroke="#1d4e79" stroke-width="3" opacity=".25"/>
      <path d="M124 96h146l-8 122q-2 20-24 20h-82q-22 0-24-20z" fill="#fbfaf6"/>
      <path d="M236 96h34l-8 122q-2 20-24 20h-18q22-40 16-142z" fill="#d9d6cc" opacity=".7"/>
      <ellipse cx="197" cy="96" rx="73" ry="15" fill="#1d4e79"/>
      <ellipse cx="197" cy="97" rx="65" ry="10.500" fill="#5b3a22"/>
      <path d="M150 60q-10-12 0-24t0-24M196 56q-10-12 0-24t0-24" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".6"/>
      <g stroke="#1d4e79" stroke-width="6" fill="none" stroke-linecap="round" stroke-linejoin="round"><circle cx="190" cy="150" r="8"/><path d="M190 158v46M174 172h32M164 184q4 22 26 22t26-22"/></g>`,
  },
  'storm-lantern': {
    ground: ['#22384f', '#101d2c'],
    shapes: `
      <circle cx="200" cy="152" r="118" fill="#ffc861" opacity=".10"/><circle cx="200" cy="152" r="82" fill="#ffc861" opacity=".16"/>
      <path d="M150 92q0-70 50-70t50 70" fill="none" stroke="#c79a4b" stroke-width="7"/>
      <path d="M164 92h72l10 22h-92z" fill="#b9832f"/><rect x="178" y="74" width="44" height="20" rx="5" fill="#d9a851"/>
      <path d="M158 114h84q16 44 0 92h-84q-16-48 0-92z" fill="#ffe9b8" opacity=".92"/>
      <path d="M200 128q26 32 16 54t-16 22q-22-2-18-26t18-50z" fill="#ff9d2e"/><path d="M200 154q12 18 8 32t-8 12q-10-2-8-16t8-28z" fill="#fff3c4"/>
      <path d="M150 128v66M250 128v66M142 160h116" stroke="#c79a4b" stroke-width="5" fill="none"/>
      <path d="M146 206h108l12 34q0 8-10 8H144q-10 0-10-8z" fill="#c7913f"/><path d="M146 206h108l4 12H142z" fill="#e3b764"/>
      <rect x="190" y="196" width="20" height="12" fill="#8a6224"/>`,
  },
  'rain-jacket': {
    ground: ['#cfe3e2', '#a9cdcb'],
    shapes: `
      <path d="M168 58 104 86 66 196l36 14 24-56-4 104h156l-4-104 24 56 36-14-38-110-64-28z" fill="#f0b429"/>
      <path d="M278 258l-4-104 24 56 36-14-38-110-30-13q8 92-8 185z" fill="#d4951a" opacity=".75"/>
      <path d="M160 62q40-50 80 0l-14 34q-26 18-52 0z" fill="#d4951a"/><path d="M172 64q28-26 56 0l-10 24q-18 10-36 0z" fill="#6b4a12"/>
      <path d="M200 100v158" stroke="#a8720d" stroke-width="3"/>
      <g fill="#5a3d0c"><circle cx="208" cy="122" r="4.500"/><circle cx="208" cy="156" r="4.500"/><circle cx="208" cy="190" r="4.500"/><circle cx="208" cy="224" r="4.500"/></g>
      <g fill="none" stroke="#a8720d" stroke-width="3"><path d="M138 196h40v34h-40zM222 196h40v34h-40zM138 206h40M222 206h40"/></g>
      <g stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".75"><path d="M60 60l-8 20M100 30l-8 20M306 40l-8 20M346 92l-8 20M40 130l-8 20M360 170l-8 20"/></g>`,
  },
  'mooring-rope': {
    ground: ['#f0e2cf', '#dfc7a4'],
    shapes: `
      <ellipse cx="200" cy="238" rx="112" ry="14" fill="#4b3214" opacity=".16"/>
      <g fill="none" stroke-linecap="round"><g stroke="#8d6234" stroke-width="27"><ellipse cx="200" cy="204" rx="96" ry="30"/><ellipse cx="200" cy="176" rx="92" ry="28"/><ellipse cx="200" cy="148" rx="86" ry="26"/></g>
      <g stroke="#d8ac6c" stroke-width="22"><ellipse cx="200" cy="204" rx="96" ry="30"/><ellipse cx="200" cy="176" rx="92" ry="28"/><ellipse cx="200" cy="148" rx="86" ry="26"/></g>
      <g stroke="#a97b43" stroke-width="22" stroke-dasharray="3 13" stroke-linecap="butt"><ellipse cx="200" cy="204" rx="96" ry="30"/><ellipse cx="200" cy="176" rx="92" ry="28"/><ellipse cx="200" cy="148" rx="86" ry="26"/></g>
      <path d="M282 142q58-26 46-66t-50-24" stroke="#8d6234" stroke-width="25"/><path d="M282 142q58-26 46-66t-50-24" stroke="#d8ac6c" stroke-width="20"/><path d="M282 142q58-26 46-66t-50-24" stroke="#a97b43" stroke-width="20" stroke-dasharray="3 13" stroke-linecap="butt"/>
      <path d="M276 52h-20" stroke="#1d4e79" stroke-width="24"/></g>`,
  },
  'pocket-compass': {
    ground: ['#e6ddd3', '#cdbfae'],
    shapes: `
      <ellipse cx="200" cy="258" rx="92" ry="11" fill="#3a2a17" opacity=".18"/>
      <circle cx="200" cy="38" r="17" fill="none" stroke="#b08a3e" stroke-width="8"/><rect x="187" y="50" width="26" height="16" rx="4" fill="#97742e"/>
      <circle cx="200" cy="158" r="98" fill="#97742e"/><circle cx="200" cy="155" r="98" fill="#c9a14d"/><circle cx="200" cy="156" r="82" fill="#fdf8ec"/><circle cx="200" cy="156" r="82" fill="none" stroke="#8a6a2a" stroke-width="3"/>
      <g stroke="#4a3a1e" stroke-width="4"><path d="M200 80v16M200 216v16M124 156h16M260 156h16"/></g><g stroke="#4a3a1e" stroke-width="2"><path d="M146 102l8 8M254 102l-8 8M146 210l8-8M254 210l-8-8"/></g>
      <g font-family="Georgia,serif" font-size="20" text-anchor="middle" fill="#4a3a1e"><text x="200" y="116">N</text><text x="200" y="211">S</text><text x="248" y="163">E</text><text x="152" y="163">W</text></g>
      <g transform="rotate(32 200 156)"><path d="M200 92l13 64h-26z" fill="#c8402f"/><path d="M200 220l13-64h-26z" fill="#33475c"/><path d="M200 92v64h-13z" fill="#e2604f"/><path d="M200 220v-64h-13z" fill="#4d647c"/></g>
      <circle cx="200" cy="156" r="8" fill="#c9a14d" stroke="#8a6a2a" stroke-width="2"/>`,
  },
  'wool-blanket': {
    ground: ['#e9e4f0', '#cdc4dc'],
    shapes: `
      <ellipse cx="200" cy="252" rx="122" ry="12" fill="#2c2440" opacity=".16"/>
      <rect x="84" y="196" width="232" height="52" rx="22" fill="#2f6f8f"/><rect x="84" y="150" width="232" height="52" rx="22" fill="#3f8aa8"/><rect x="84" y="104" width="232" height="52" rx="22" fill="#5aa6bd"/><path d="M106 62h188q22 0 22 24t-22 24H106q-22 0-22-24t22-24z" fill="#7fc0cf"/>
      <g opacity=".9"><path d="M132 62h22v186h-22z" fill="#f4efe4"/><path d="M160 62h8v186h-8z" fill="#f4efe4" opacity=".75"/><path d="M244 62h22v186h-22z" fill="#e07a5f"/><path d="M230 62h8v186h-8z" fill="#e07a5f" opacity=".75"/></g>
      <g stroke="#173f53" stroke-width="3" opacity=".35" fill="none"><path d="M92 110h216M92 156h216M92 202h216"/></g>
      <g stroke="#2f6f8f" stroke-width="4" stroke-linecap="round"><path d="M318 214l14 4M318 224l14 8M317 234l13 12M82 214l-14 4M82 224l-14 8M83 234l-13 12"/></g>`,
  },
  'oolong-tea': {
    ground: ['#dce8d2', '#b8d0a6'],
    shapes: `
      <path d="M0 236q70-74 132-32t116-34 152-8v138H0z" fill="#8fb27b" opacity=".55"/><path d="M0 268q90-56 170-26t230-24v82H0z" fill="#6f9a5c" opacity=".6"/>
      <ellipse cx="200" cy="256" rx="82" ry="11" fill="#1c3314" opacity=".22"/>
      <path d="M130 84h140v158q0 14-14 14H144q-14 0-14-14z" fill="#2f5d43"/><path d="M236 84h34v158q0 14-14 14h-26q10-80 6-172z" fill="#214632"/>
      <rect x="122" y="54" width="156" height="34" rx="8" fill="#3d7556"/><rect x="122" y="76" width="156" height="12" rx="4" fill="#27513a"/>
      <rect x="148" y="116" width="104" height="104" rx="6" fill="#f6efdc"/>
      <path d="M200 132q34 22 0 60-34-38 0-60z" fill="#4d8a4f"/><path d="M200 140v64M200 166q20-2 30-16-2 26-30 30M200 166q-20-2-30-16 2 26 30 30" stroke="#2f5d43" stroke-width="3" fill="#6aa668"/>
      <rect x="166" y="208" width="68" height="4" rx="2" fill="#b23a2e"/>`,
  },
  logbook: {
    ground: ['#f1dfd6', '#dfbfb0'],
    shapes: `
      <ellipse cx="204" cy="254" rx="104" ry="11" fill="#40180f" opacity=".18"/>
      <g transform="rotate(-5 200 150)"><path d="M118 50h164q12 0 12 12v180q0 12-12 12H118z" fill="#f8f2e4"/><path d="M122 246h168M122 240h170" stroke="#cfc2a6" stroke-width="2"/>
      <path d="M118 42h160q12 0 12 12v178q0 12-12 12H118q-14 0-14-14V56q0-14 14-14z" fill="#8c2f2a"/><path d="M104 56q0-14 14-14h18v202h-18q-14 0-14-14z" fill="#6d211e"/>
      <rect x="164" y="82" width="96" height="60" rx="5" fill="#f6ead2"/><path d="M178 102h68M178 116h68M178 130h42" stroke="#8c6a4a" stroke-width="4" stroke-linecap="round"/>
      <path d="M262 42v202" stroke="#e2b23c" stroke-width="9"/>
      <path d="M212 168v40M196 188h32M190 196q4 20 22 20t22-20" stroke="#e8c98a" stroke-width="5" fill="none" stroke-linecap="round"/><circle cx="212" cy="164" r="6" fill="none" stroke="#e8c98a" stroke-width="5"/></g>
      <path d="M306 84l20 8-44 146-18 12-2-22z" fill="#33658a"/><path d="M262 228l2 22 18-12z" fill="#f3d9b1"/>`,
  },
  'canvas-tote': {
    ground: ['#dfe6ea', '#bfcbd3'],
    shapes: `
      <ellipse cx="200" cy="258" rx="102" ry="11" fill="#1b2833" opacity=".18"/>
      <path d="M150 112q0-92 50-92t50 92" fill="none" stroke="#c9b68f" stroke-width="12"/><path d="M150 112q0-92 50-92t50 92" fill="none" stroke="#a8946b" stroke-width="2"/>
      <path d="M104 100h192l14 142q2 16-16 16H106q-18 0-16-16z" fill="#efe6d0"/><path d="M258 100h38l14 142q2 16-16 16h-34q10-70-2-158z" fill="#ddd0b2"/>
      <path d="M104 100h192l2 20H102z" fill="#d2c29b"/><path d="M90 226h220l2 16q2 16-18 16H106q-18 0-16-16z" fill="#1f4f73"/>
      <g stroke="#b7a57c" stroke-width="2" stroke-dasharray="6 5" fill="none"><path d="M102 124h196M92 220h216"/></g>
      <g fill="none" stroke="#1f4f73" stroke-width="7" stroke-linecap="round"><path d="M146 176q14-16 27 0t27 0 27 0 27 0M146 196q14-16 27 0t27 0 27 0 27 0"/></g><circle cx="200" cy="150" r="11" fill="#e2604f"/>`,
  },
};

/** The picture for a product; undefined when it has none. */
export function picture(id: string): string | undefined {
  const drawing = Object.hasOwn(drawings, id) ? drawings[id] : undefined;
  if (drawing === undefined) return undefined;
  const [light, deep] = drawing.ground;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="400" height="300"><defs><radialGradient id="g" cx=".5" cy=".4" r=".8"><stop offset="0" stop-color="${light}"/><stop offset="1" stop-color="${deep}"/></radialGradient></defs><rect width="400" height="300" fill="url(#g)"/>${drawing.shapes.replace(/\n\s+/g, '')}</svg>`;
}
