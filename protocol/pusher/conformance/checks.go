package main

// checks holds the check of every statement.
var checks = map[string]func(*T){
	"CON-01": con01, "CON-02": con02, "CON-03": con03, "CON-04": con04, "CON-05": con05, "CON-06": con06,
	"CON-07": con07, "CON-08": con08, "CON-09": con09, "CON-10": con10, "CON-11": con11,
	"CON-12": con12, "CON-13": con13, "CON-14": con14, "CON-15": con15, "CON-16": con16, "CON-17": con17,
	"CON-18": con18, "CON-19": con19, "CON-20": con20, "CON-21": con21, "CON-22": con22,
	"CON-23": con23, "CON-24": con24, "CON-25": con25, "CON-26": con26, "CON-27": con27,
	"CON-28": con28, "CON-29": con29, "CON-30": con30, "CON-31": con31, "CON-32": con32, "CON-33": con33,

	"SUB-01": sub01, "SUB-02": sub02, "SUB-03": sub03, "SUB-04": sub04, "SUB-05": sub05,
	"SUB-06": sub06, "SUB-07": sub07, "SUB-08": sub08, "SUB-09": sub09, "SUB-10": sub10,
	"SUB-11": sub11, "SUB-12": sub12, "SUB-13": sub13, "SUB-14": sub14, "SUB-15": sub15,
	"SUB-16": sub16, "SUB-17": sub17, "SUB-18": sub18, "SUB-19": sub19, "SUB-20": sub20,
	"SUB-21": sub21, "SUB-22": sub22,

	"PRE-01": pre01, "PRE-02": pre02, "PRE-03": pre03, "PRE-04": pre04, "PRE-05": pre05,
	"PRE-06": pre06, "PRE-07": pre07, "PRE-08": pre08, "PRE-09": pre09, "PRE-10": pre10,
	"PRE-11": pre11, "PRE-12": pre12, "PRE-13": pre13, "PRE-14": pre14, "PRE-15": pre15,
	"PRE-16": pre16, "PRE-17": pre17, "PRE-18": pre18, "PRE-19": pre19,

	"CLI-01": cli01, "CLI-02": cli02, "CLI-03": cli03, "CLI-04": cli04, "CLI-05": cli05,
	"CLI-06": cli06, "CLI-07": cli07, "CLI-08": cli08, "CLI-09": cli09, "CLI-10": cli10,
	"CLI-11": cli11, "CLI-12": cli12, "CLI-13": cli13, "CLI-14": cli14, "CLI-15": cli15, "CLI-16": cli16,
	"CLI-17": cli17,

	"CNT-01": cnt01, "CNT-02": cnt02, "CNT-03": cnt03, "CNT-04": cnt04,
	"SIG-01": sig01, "SIG-02": sig02, "SIG-03": sig03, "SIG-04": sig04, "SIG-05": sig05,
	"SIG-06": sig06, "SIG-07": sig07, "SIG-08": sig08,
	"WAT-01": wat01, "WAT-02": wat02, "WAT-03": wat03, "WAT-04": wat04, "WAT-05": wat05,
	"WAT-06": wat06,

	"CAC-01": cac01, "CAC-02": cac02, "CAC-03": cac03, "CAC-04": cac04, "CAC-05": cac05,
	"CAC-06": cac06, "CAC-07": cac07, "CAC-08": cac08, "CAC-09": cac09, "CAC-10": cac10,

	"API-01": api01, "API-02": api02, "API-03": api03, "API-04": api04, "API-05": api05,
	"API-06": api06, "API-07": api07, "API-08": api08, "API-09": api09, "API-10": api10,
	"API-11": api11, "API-12": api12, "API-13": api13, "API-14": api14, "API-15": api15,
	"API-16": api16, "API-17": api17, "API-18": api18, "API-19": api19, "API-20": api20,
	"API-21": api21, "API-22": api22, "API-23": api23, "API-24": api24, "API-25": api25,
	"API-26": api26, "API-27": api27, "API-28": api28, "API-29": api29, "API-32": api32,
	"API-30": api30, "API-31": api31, "API-33": api33, "API-34": api34, "API-35": api35,
	"API-36": api36, "API-37": api37, "API-38": api38, "API-39": api39, "API-40": api40,
	"API-41": api41, "API-42": api42, "API-43": api43,

	"WHK-01": whk01, "WHK-02": whk02, "WHK-03": whk03, "WHK-04": whk04, "WHK-05": whk05,
	"WHK-06": whk06, "WHK-07": whk07, "WHK-08": whk08, "WHK-09": whk09, "WHK-10": whk10,
	"WHK-11": whk11, "WHK-12": whk12, "WHK-13": whk13, "WHK-14": whk14, "WHK-15": whk15,
	"WHK-16": whk16, "WHK-17": whk17,

	"LAR-01": lar01, "LAR-02": lar02, "LAR-03": lar03, "LAR-04": lar04, "LAR-05": lar05, "LAR-06": lar06,
	"LAR-07": lar07, "LAR-08": lar08,
	"LAR-09": lar09, "LAR-10": lar10,
}
