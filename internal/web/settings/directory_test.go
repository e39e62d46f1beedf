package settings_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory/idptest"
	"github.com/mimawari/mimawari/internal/auth/directory/slapdtest"
)

// An administrator types the settings, tests them, saves them, and stops; without JavaScript, and without seeing a secret again.
func TestDirectorySettings(t *testing.T) {
	o := open(t, auth.Administrator)
	srv := slapdtest.Start(t)
	x := srv.Draft(srv.Secure)
	const at = "/settings/directory"
	fields := func(pairs ...string) []string {
		return append(pairs, "url", x.URL, "user", x.User, "ca", x.CA, "base", x.Base, "filter", x.Filter, "groups", x.Groups)
	}
	o.get("/settings", 200, at, "外部のサインイン")
	o.get(at, 200, "使っていません", "{login}", o.url+"/signin/oidc/back")
	body := o.post(at+"/ldap/test", 400, []string{"検索に使うアカウントが断られました", x.Base}, fields("secret", "himitsu")...)
	if strings.Contains(body, "himitsu") {
		t.Error("the password comes back")
	}
	o.post(at+"/ldap/test", 200, []string{"うまくいきました"}, fields("secret", x.Secret)...)
	o.post(at+"/ldap/test", 200, []string{"suzuki（鈴木 一郎）さんは、担当者として入れます", "cn=mimawari-staff"}, fields("secret", x.Secret, "person", "suzuki")...)
	o.post(at+"/ldap/test", 200, []string{"入れません", "グループはありません"}, fields("secret", x.Secret, "person", "tanaka")...)
	o.post(at+"/ldap/test", 400, []string{"見つかりません"}, fields("secret", x.Secret, "person", hostile)...)
	o.get(at, 200, "使っていません")
	o.post(at+"/ldap", 400, []string{"パスワード（クライアントシークレット）を入れてください"}, fields()...)
	o.post(at+"/ldap", 200, []string{"保存しました", "● 使っています"}, fields("secret", x.Secret)...)
	o.post(at+"/ldap/test", 200, []string{"うまくいきました"}, fields()...)
	if body := o.get(at, 200, x.Base); strings.Contains(body, x.Secret) || strings.Contains(body, "s1.") {
		t.Error("the password is shown")
	}
	x.URL = "ldaps://127.0.0.1:1"
	o.post(at+"/ldap/test", 400, []string{"もう一度入れてください"}, fields()...)
	o.post(at+"/ldap/off", 200, []string{"使うのをやめました", "○ 使っていません"})

	p := idptest.Start(t)
	o.post(at+"/oidc/test", 200, []string{"うまくいきました"}, "url", p.URL, "user", "mimawari", "secret", "s", "claim", "groups", "groups", "operator: staff")
	o.post(at+"/oidc/test", 400, []string{"Issuer"}, "url", p.URL+"/x", "user", "mimawari", "secret", "s", "claim", "groups", "groups", "operator: staff")
	o.post(at+"/oidc", 400, []string{"https://"}, "url", "http://idp.example", "user", "mimawari", "secret", "s", "claim", "groups", "groups", "operator: staff")
	o.post(at+"/oidc", 200, []string{"保存しました"}, "url", p.URL, "user", "mimawari", "secret", "s", "claim", "groups", "groups", "operator: staff", "label", hostile)
	for _, path := range []string{"/nis", "/nis/test", "/nis/off"} {
		o.post(at+path, 404, nil, fields("secret", hostile)...)
	}
	o.get("/settings/audit", 200, "外部のサインインの設定", "外部のサインインを試した", "外部のサインインをやめた")
}
