// Package page is what all pages stand on: routes with the permission that each needs, the frame around a page (menu, language, who is
// looking), rendering, errors in words, messages after a decision, and the styles and scripts. It knows no page and no data of ours.
//
// Invariants: a permission is checked in one place, before the page's code runs; a page is written as a whole or not at all; nothing
// depends on JavaScript; the content security policy allows neither inline scripts nor inline styles; every change that succeeded is
// handed to the audit trail.
package page
