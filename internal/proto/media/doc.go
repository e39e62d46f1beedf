// Package media decodes the signalling of voice and video: SIP and RTSP; and it recognises RTP, RTCP, H.323 and BitTorrent.
//
// Numbers and names of callers are not recorded, and media streams are only recognised.
package media
