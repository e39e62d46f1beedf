package ledger

import "github.com/mimawari/mimawari/internal/model"

var (
	systemTable = &table[model.System]{
		name: KindSystems, list: func(l *model.Ledger) *[]model.System { return &l.Systems },
		key: func(x *model.System) string { return fold(x.Name) }, place: func(x *model.System) *model.Place { return &x.Place },
		columns: []column[model.System]{
			text("name", func(x *model.System) *string { return &x.Name }),
			text("purpose", func(x *model.System) *string { return &x.Purpose }),
			text("vendor", func(x *model.System) *string { return &x.Vendor }),
			text("owner", func(x *model.System) *string { return &x.Owner }),
			text("critical", func(x *model.System) *string { return &x.Critical }),
		},
	}
	vendorTable = &table[model.Vendor]{
		name: KindVendors, list: func(l *model.Ledger) *[]model.Vendor { return &l.Vendors },
		key: func(x *model.Vendor) string { return fold(x.Name) }, place: func(x *model.Vendor) *model.Place { return &x.Place },
		columns: []column[model.Vendor]{
			text("name", func(x *model.Vendor) *string { return &x.Name }),
			text("contact", func(x *model.Vendor) *string { return &x.Contact }),
			text("phone", func(x *model.Vendor) *string { return &x.Phone }),
			text("mail", func(x *model.Vendor) *string { return &x.Mail }),
			text("note", func(x *model.Vendor) *string { return &x.Note }),
		},
	}
	contractTable = &table[model.Contract]{
		name: KindContracts, list: func(l *model.Ledger) *[]model.Contract { return &l.Contracts },
		key: func(x *model.Contract) string {
			return fold(x.Name) + "|" + fold(x.Vendor) + "|" + fold(x.System)
		},
		place: func(x *model.Contract) *model.Place { return &x.Place },
		columns: []column[model.Contract]{
			text("name", func(x *model.Contract) *string { return &x.Name }),
			text("vendor", func(x *model.Contract) *string { return &x.Vendor }),
			text("system", func(x *model.Contract) *string { return &x.System }),
			date("start", func(x *model.Contract) *string { return &x.Start }),
			date("end", func(x *model.Contract) *string { return &x.End }),
			text("scope", func(x *model.Contract) *string { return &x.Scope }),
			text("note", func(x *model.Contract) *string { return &x.Note }),
		},
	}
	personTable = &table[model.Person]{
		name: KindPeople, list: func(l *model.Ledger) *[]model.Person { return &l.People },
		key: func(x *model.Person) string { return fold(x.Name) + "|" + fold(x.Department) }, place: func(x *model.Person) *model.Place { return &x.Place },
		columns: []column[model.Person]{
			text("name", func(x *model.Person) *string { return &x.Name }),
			text("department", func(x *model.Person) *string { return &x.Department }),
			text("role", func(x *model.Person) *string { return &x.Role }),
			text("phone", func(x *model.Person) *string { return &x.Phone }),
			text("mail", func(x *model.Person) *string { return &x.Mail }),
		},
	}
	departmentTable = &table[model.Department]{
		name: KindDepartments, list: func(l *model.Ledger) *[]model.Department { return &l.Departments },
		key: func(x *model.Department) string { return fold(x.Name) + "|" + fold(x.Site) }, place: func(x *model.Department) *model.Place { return &x.Place },
		columns: []column[model.Department]{
			text("name", func(x *model.Department) *string { return &x.Name }),
			text("site", func(x *model.Department) *string { return &x.Site }),
		},
	}
	siteTable = &table[model.Site]{
		name: KindSites, list: func(l *model.Ledger) *[]model.Site { return &l.Sites },
		key: func(x *model.Site) string { return fold(x.Name) }, place: func(x *model.Site) *model.Place { return &x.Place },
		columns: []column[model.Site]{
			text("name", func(x *model.Site) *string { return &x.Name }),
			text("address", func(x *model.Site) *string { return &x.Address }),
		},
	}
)

// sectionOf are the tables in the order of Kinds.
var sectionOf = map[Kind]section{
	KindHosts: hostTable, KindNetworks: networkTable, KindZones: zoneTable, KindLines: lineTable, KindSystems: systemTable,
	KindVendors: vendorTable, KindContracts: contractTable, KindPeople: personTable, KindDepartments: departmentTable, KindSites: siteTable,
}
