#include "date.h"

static bool has_form(const char *text, size_t length) {
  static const char form[] = "dddd-dd-dd";
  if (length != sizeof form - 1)
    return false;
  for (size_t i = 0; i < length; i++) {
    bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == 'd' ? !is_digit : text[i] != form[i])
      return false;
  }
  return true;
}

static int number_at(const char *text, int digits) {
  int number = 0;
  for (int i = 0; i < digits; i++)
    number = number * 10 + (text[i] - '0');
  return number;
}

static int days_of(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap_year = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap_year ? 29 : days[month - 1];
}

bool date_is_real(const char *text, size_t length) {
  if (!has_form(text, length))
    return false;
  int year = number_at(text, 4), month = number_at(text + 5, 2), day = number_at(text + 8, 2);
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}
