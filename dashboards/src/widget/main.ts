/** The chat and video widget for host pages: `<script src="https://…/widget.js" data-widget="…">`. */
export {};
