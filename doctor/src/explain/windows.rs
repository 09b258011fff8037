//! What Windows says in its languages: its loader's errors reach Python as sentences in the language of the system.

/// An error of the system: its number, and its sentence without the full stop in each language that was seen.
struct Said {
    number: &'static str,
    in_languages: &'static [&'static str],
}

const SAID: &[Said] = &[
    Said {
        number: "126",
        in_languages: &[
            "The specified module could not be found",
            "Das angegebene Modul wurde nicht gefunden",
            "Le module spécifié est introuvable",
            "No se puede encontrar el módulo especificado",
            "No se encontró el módulo especificado",
            "No se encontro el modulo especificado",
            "Impossibile trovare il modulo specificato",
            "Não foi possível encontrar o módulo especificado",
            "Não foi possível localizar o módulo especificado",
            "Nie można odnaleźć określonego modułu",
            "Kan opgegeven module niet vinden",
            "Kan de opgegeven module niet vinden",
            "Belirtilen modül bulunamadı",
            "Uvedený modul nebyl nalezen",
            "Det går inte att hitta den angivna modulen",
            "Den angivne modulen ble ikke funnet",
            "Det angivne modul blev ikke fundet",
            "Määritettyä moduulia ei löydy",
            "A megadott modul nem található",
            "Не найден указанный модуль",
            "Не знайдено вказаний модуль",
            "Не вдалося знайти вказаний модуль",
            "找不到指定的模块",
            "找不到指定的模組",
            "指定されたモジュールが見つかりません",
            "지정된 모듈을 찾을 수 없습니다",
        ],
    },
    Said {
        number: "127",
        in_languages: &[
            "The specified procedure could not be found",
            "Die angegebene Prozedur wurde nicht gefunden",
            "La procédure spécifiée est introuvable",
            "No se encontró el proceso especificado",
            "No se puede encontrar el procedimiento especificado",
            "No se encontró el procedimiento especificado",
            "Impossibile trovare la procedura specificata",
            "Não foi possível encontrar o procedimento especificado",
            "Não foi possível localizar o procedimento especificado",
            "Nie można odnaleźć określonej procedury",
            "Kan opgegeven procedure niet vinden",
            "Kan de opgegeven procedure niet vinden",
            "Belirtilen yordam bulunamadı",
            "Uvedená procedura nebyla nalezena",
            "Det går inte att hitta den angivna proceduren",
            "Не найдена указанная процедура",
            "找不到指定的程序",
            "指定されたプロシージャが見つかりません",
            "지정된 프로시저를 찾을 수 없습니다",
        ],
    },
    Said {
        number: "193",
        in_languages: &[
            "%1 is not a valid Win32 application",
            "%1 ist keine zulässige Win32-Anwendung",
            "%1 n'est pas une application Win32 valide",
            "%1 no es una aplicación Win32 válida",
            "%1 non è un'applicazione di Win32 valida",
            "%1 não é um aplicativo Win32 válido",
            "%1 nie jest prawidłową aplikacją systemu Win32",
            "%1 is geen geldige Win32-toepassing",
            "%1 geçerli bir Win32 uygulaması değil",
            "%1 не является приложением Win32",
            "%1 不是有效的 Win32 应用程序",
            "%1 不是正確的 Win32 應用程式",
            "%1 は有効な Win32 アプリケーションではありません",
            "%1은(는) 올바른 Win32 응용 프로그램이 아닙니다",
        ],
    },
    Said {
        number: "1114",
        in_languages: &[
            "A dynamic link library (DLL) initialization routine failed",
            "Eine DLL-Initialisierungsroutine ist fehlgeschlagen",
            "Une routine d'initialisation d'une bibliothèque de liens dynamiques (DLL) a échoué",
            "Error en una rutina de inicialización de biblioteca de vínculos dinámicos (DLL)",
            "Routine di inizializzazione della libreria di collegamento dinamico (DLL) non riuscita",
            "Uma rotina de inicialização da biblioteca de vínculo dinâmico (DLL) falhou",
            "Произошел сбой в программе инициализации библиотеки динамической компоновки (DLL)",
            "动态链接库(DLL)初始化例程失败",
            "動態連結程式庫 (DLL) 初始化例行程序失敗",
            "ダイナミック リンク ライブラリ (DLL) 初期化ルーチンの実行に失敗しました",
            "DLL(동적 연결 라이브러리) 초기화 루틴을 실행할 수 없습니다",
        ],
    },
    Said {
        number: "1455",
        in_languages: &[
            "The paging file is too small for this operation to complete",
            "Die Auslagerungsdatei ist zu klein, um diesen Vorgang durchzuführen",
            "Le fichier de pagination est insuffisant pour terminer cette opération",
            "El archivo de paginación es demasiado pequeño para completar la operación",
            "页面文件太小，无法完成操作",
            "ページング ファイルが小さすぎるため、この操作を完了できません",
            "Файл подкачки слишком мал для завершения операции",
        ],
    },
];

/// A pattern in which `{windows:126}` stands for the system's sentence for that error in any language.
pub(super) fn in_all_languages(pattern: &str) -> String {
    let mut all = pattern.to_owned();
    for said in SAID {
        let place = format!("{{windows:{}}}", said.number);
        if all.contains(&place) {
            let sentences: Vec<String> = said.in_languages.iter().map(|text| regex::escape(text)).collect();
            all = all.replace(&place, &format!("(?:{})", sentences.join("|")));
        }
    }
    all
}

/// The sentence in English, where the system's error is known.
pub(super) fn in_english(sentence: &str) -> Option<&'static str> {
    let bare = sentence.trim_end_matches(['.', '。', ' ']);
    SAID.iter().find(|said| said.in_languages.contains(&bare)).map(|said| said.in_languages[0])
}
