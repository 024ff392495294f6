using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>Who writes: the same program applies and updates, the object and its status, as different managers.</summary>
internal sealed record FieldManager(string Name, bool Applies, string ApiVersion, string Subresource)
{
    /// <summary>As a conflict names the manager.</summary>
    public string Shown
    {
        get
        {
            var subresource = Subresource.Length > 0 ? $" with subresource \"{Subresource}\"" : "";
            return Applies ? $"\"{Name}\"{subresource}" : $"\"{Name}\"{subresource} using {ApiVersion}";
        }
    }
}

/// <summary>What one manager owns, and since when so.</summary>
internal sealed record Ownership(FieldSet Fields, DateTimeOffset? Time);

/// <summary>An object's <c>metadata.managedFields</c>.</summary>
internal sealed record FieldManagers(ImmutableDictionary<FieldManager, Ownership> Owners)
{
    public static readonly FieldManagers None = new(ImmutableDictionary<FieldManager, Ownership>.Empty);

    public FieldSet this[FieldManager manager] => Owners.GetValueOrDefault(manager)?.Fields ?? FieldSet.Empty;

    public static FieldManagers Read(JsonArray? managedFields)
    {
        if (managedFields is null)
            return None;
        var owners = ImmutableDictionary.CreateBuilder<FieldManager, Ownership>();
        foreach (var entry in managedFields)
        {
            if (entry is not JsonObject map || map.Count == 0)
                continue;
            var manager = new FieldManager(
                map.Text("manager") ?? "",
                map.Text("operation") == "Apply",
                map.Text("apiVersion") ?? "",
                map.Text("subresource") ?? ""
            );
            DateTimeOffset? time =
                map.Text("time") is { } text
                && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                    ? at
                    : null;
            owners[manager] = new(FieldSet.FromJson(map["fieldsV1"] as JsonObject), time);
        }
        return new(owners.ToImmutable());
    }

    public JsonArray? ToJson()
    {
        if (Owners.Count == 0)
            return null;
        var entries = new JsonArray();
        var ordered = Owners
            .OrderBy(pair => pair.Key.Applies ? 0 : 1)
            .ThenBy(pair => pair.Value.Time)
            .ThenBy(pair => pair.Key.Name, StringComparer.Ordinal)
            .ThenBy(pair => pair.Key.Subresource, StringComparer.Ordinal);
        foreach (var (manager, ownership) in ordered)
        {
            var entry = new JsonObject
            {
                ["manager"] = manager.Name,
                ["operation"] = manager.Applies ? "Apply" : "Update",
                ["apiVersion"] = manager.ApiVersion,
            };
            if (ownership.Time is { } time)
                entry["time"] = Timestamps.Seconds(time);
            entry["fieldsType"] = "FieldsV1";
            entry["fieldsV1"] = ownership.Fields.ToJson();
            if (manager.Subresource.Length > 0)
                entry["subresource"] = manager.Subresource;
            entries.Add(entry);
        }
        return entries;
    }

    public DateTimeOffset? TimeOf(FieldManager manager) => Owners.GetValueOrDefault(manager)?.Time;

    /// <summary>Gives a manager these fields as of this time; no fields, no entry.</summary>
    public FieldManagers With(FieldManager manager, FieldSet fields, DateTimeOffset? time)
    {
        var present = Owners.GetValueOrDefault(manager);
        if (fields.IsEmpty)
            return present is null ? this : new(Owners.Remove(manager));
        if (present is not null && present.Time == time && present.Fields.SameAs(fields))
            return this;
        return new(Owners.SetItem(manager, new(fields, time)));
    }

    /// <summary>Takes fields away from every manager but one.</summary>
    public FieldManagers TakenFromOthers(FieldManager manager, FieldSet fields)
    {
        if (fields.IsEmpty)
            return this;
        var owners = Owners;
        foreach (var (other, ownership) in Owners)
        {
            if (other == manager)
                continue;
            var left = ownership.Fields.Without(fields);
            if (left.IsEmpty)
                owners = owners.Remove(other);
            else if (!left.SameAs(ownership.Fields))
                owners = owners.SetItem(other, ownership with { Fields = left });
        }
        return ReferenceEquals(owners, Owners) ? this : new(owners);
    }

    /// <summary>The fields of these that other managers own, by manager.</summary>
    public IReadOnlyList<(FieldManager Manager, FieldSet Fields)> Conflicts(FieldManager manager, FieldSet fields) =>
        [
            .. Owners
                .Where(pair => pair.Key != manager)
                .Select(pair => (pair.Key, Fields: pair.Value.Fields.Intersect(fields)))
                .Where(conflict => !conflict.Fields.IsEmpty)
                .OrderBy(conflict => conflict.Key.Name, StringComparer.Ordinal),
        ];

    public FieldSet All()
    {
        var all = FieldSet.Empty;
        foreach (var ownership in Owners.Values)
            all = all.Union(ownership.Fields);
        return all;
    }
}
