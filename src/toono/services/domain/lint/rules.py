"""What each rule of the linter and the judge asks for, in words of authors. A finding adds, in English, what exactly is wrong at its place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from toono.services.contracts import Text

RULES: Mapping[str, Text] = MappingProxyType(
    {
        "actor": Text(mn="Үйлдэл бүрийг хийх эрхтэй хүн нь тодорхой байх ёстой.", en="Every action has somebody who may do it."),
        "chosen_from": Text(mn="Сонголт нь байгаа баримтаас гарах ёстой.", en="What is chosen comes from a fact that is there."),
        "code": Text(mn="Нэг кодыг нэг л үйлчилгээ хэрэглэнэ.", en="One code belongs to one service."),
        "condition": Text(mn="Нөхцөл уншигдах, хэзээ нэгэн цагт биелэх ёстой.", en="A condition can be read and is met at some time."),
        "coverage": Text(
            mn="Тодорхойлолтын хэсэг бүрийг ядаж нэг туршилт шалгах ёстой.", en="Every part of the definition is reached by a test."
        ),
        "document": Text(mn="Баримт нь байгаа мэдээллээр бичигдэх ёстой.", en="The document is written from what is known."),
        "empty": Text(mn="Хавтсанд тодорхойлолт байх ёстой.", en="A definition stands in the folder."),
        "fact": Text(mn="Лавлах мэдээллийг аль нэг бүртгэл мэддэг байх ёстой.", en="A fact is known to a register."),
        "fee": Text(mn="Төлбөрийн дүн, нөхцөл нь тодорхой байх ёстой.", en="The fee and its conditions are definite."),
        "file_missing": Text(mn="Үйлчилгээний файл бүр байх ёстой.", en="Every file of a service is there."),
        "ground": Text(
            mn="Татгалзах үндэслэл бүр хууль, зүйл, засах арга заана.", en="Every ground of refusal names law, article and remedy."
        ),
        "issued_here": Text(
            mn="Төрийн өөрийнх нь олгосон баримтыг иргэнээс бүү нэх.", en="A document that the state itself issues is not asked for."
        ),
        "life_event": Text(
            mn="Амьдралын үйл явдлын алхам нь байгаа үйлчилгээг заана.", en="A step of a life event names a service that is there."
        ),
        "migration": Text(mn="Нээлттэй хүсэлтүүд шинэ хувилбарт яахыг заана.", en="What becomes of open cases is said."),
        "missing_field": Text(mn="Заавал бичих хэсэг дутуу байна.", en="A part that must be written is missing."),
        "notice": Text(mn="Мэдэгдэл нь байгаа үйл явдалд зориулагдана.", en="A notice belongs to something that happens."),
        "once_only": Text(mn="Төрийн бүртгэлд байгаа зүйлийг иргэнээс бүү асуу.", en="What a register knows is not asked."),
        "one_thing": Text(mn="Нэг асуултаар нэг л зүйл асуу.", en="A question asks one thing."),
        "opinion": Text(
            mn="Өөр байгууллагын санал авах алхам бүрэн байх ёстой.", en="An opinion has who gives it, by when, and what follows."
        ),
        "page": Text(mn="Хуудас бүр байгаа асуултаас бүрдэнэ.", en="A page is made of questions that are there."),
        "place": Text(
            mn="Код, түвшин, байгууллага, хувилбарын дугаар солигдохгүй.", en="Code, level, organisation and number are not changed here."
        ),
        "reading": Text(mn="Иргэнд хандсан үг богино, ойлгомжтой байх ёстой.", en="What citizens read is short and plain."),
        "rule": Text(mn="Автомат шийдвэрийн дүрэм бүх тохиолдлыг хамарна.", en="An automatic rule decides every case."),
        "shape": Text(mn="Энд бичсэн утга энэ хэсэгт тохирохгүй байна.", en="This value does not fit here."),
        "signing": Text(mn="Хэн, яаж гарын үсэг зурах нь тодорхой байх ёстой.", en="It is definite who signs, and how."),
        "size": Text(mn="Файл хэт том байна.", en="The file is too large."),
        "stop": Text(mn="Үйлчилгээ авч чадахгүй хүнд яах ёстойг нь хэлнэ.", en="Who cannot get it is told what to do."),
        "template": Text(mn="Баримтын загварт зөвшөөрөгдсөн зүйл л байна.", en="Only what is allowed stands in the document's template."),
        "term": Text(
            mn="Шийдэх хугацаа, эхлэх, зогсох нөхцөл нь тодорхой байх ёстой.", en="The term, its start and its pauses are definite."
        ),
        "test": Text(mn="Туршилт хэлсэн үр дүнгээ өгөх ёстой.", en="A test ends as it says."),
        "text": Text(mn="Үг бүр монгол, англи хоёр хэлээр бүрэн байх ёстой.", en="Every text is finished, in its language."),
        "to_write": Text(mn="Энд бичих үг үлдсэн байна.", en="Words are still to be written here."),
        "unique": Text(mn="Нэр, код давхардахгүй.", en="Names and codes are there once."),
        "unknown_field": Text(mn="Ийм нэртэй хэсэг байхгүй.", en="There is no such field."),
        "unused": Text(mn="Асуусан зүйл бүр хэрэглэгдэх ёстой.", en="What is asked is used."),
        "walk": Text(mn="Жишээ хүн бүр үйлчилгээг эцэст нь хүргэж чадах ёстой.", en="Everybody of the cast comes to an end."),
        "workflow": Text(mn="Төлөв бүрд хүрч, төлөв бүрээс гарах зам байх ёстой.", en="Every state is reached and left."),
        "yaml": Text(mn="Файлын бичлэг YAML хэлбэртэй байх ёстой.", en="The file is YAML."),
    }
)
